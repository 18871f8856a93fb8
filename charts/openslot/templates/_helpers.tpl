{{/* The name of the release's objects. */}}
{{- define "openslot.name" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- $full | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* Labels that choose the pods of one program: a dictionary of `root` and `program`. They never change. */}}
{{- define "openslot.selector" -}}
app.kubernetes.io/name: openslot
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .program }}
{{- end }}

{{/* All labels of an object: a dictionary of `root` and `program`. */}}
{{- define "openslot.labels" -}}
{{ include "openslot.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{/* The image, by digest where one is given. */}}
{{- define "openslot.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end -}}
{{- end }}
