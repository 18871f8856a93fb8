"""Lints and renders the chart with every file of its ci folder and checks what comes out. See scripts/render-chart."""

import argparse
import pathlib
import subprocess
import sys

import kubernetes_validate
import yaml

CHART = pathlib.Path("charts/openslot")
# The oldest version that Chart.yaml allows, and the newest that the schemas know.
KUBERNETES = ["1.30", "1.37"]


class Helm:
    """The helm program."""

    def __init__(self, program):
        self.program = program

    def run(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def lint(self, values):
        self.run("lint", "--strict", CHART, "--values", values, "--kube-version", KUBERNETES[-1])

    def render(self, values):
        place = ["--namespace", "clinic", "--kube-version", KUBERNETES[-1]]
        return self.run("template", "demo", CHART, "--values", values, *place)


class Sdk:
    """The same engine as a library, without the program."""

    def __init__(self):
        import helm_python

        self.sdk = helm_python

    def lint(self, values):
        report = self.sdk.lint(CHART, yaml.safe_load(values.read_text()), strict=True)
        wrong = [message["error"] for message in report["messages"] if message["severity"] >= 2] + report["errors"]
        if wrong:
            raise RuntimeError("\n".join(wrong))

    def render(self, values):
        with self.sdk.Chart.load(CHART) as chart:
            files = chart.render(yaml.safe_load(values.read_text()), name="demo", namespace="clinic")
        return "\n---\n".join(text for path, text in sorted(files.items()) if path.endswith(".yaml"))


def check_pod(kind, pod):
    """What every pod of ours keeps to, whatever the values."""
    context = pod["securityContext"]
    assert context["runAsNonRoot"] and context["runAsUser"] == 65532, f"{kind}: runs as root"
    assert pod["automountServiceAccountToken"] is False, f"{kind}: gets a token of the cluster"
    for container in pod["containers"]:
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"], f"{kind}: may change itself"
        assert own["capabilities"] == {"drop": ["ALL"]}, f"{kind}: keeps capabilities"
        names = [variable["name"] for variable in container["env"]]
        assert len(names) == len(set(names)), f"{kind}: a variable occurs twice"
        assert not [name for name in names if name.endswith("_URL")], f"{kind}: an address outside of the secret"
        assert {"requests", "limits"} <= container["resources"].keys(), f"{kind}: no resources"


def check(text):
    """Returns how many objects there are."""
    documents = [document for document in yaml.safe_load_all(text) if document]
    for document in documents:
        for version in KUBERNETES:
            kubernetes_validate.validate(document, version, strict=True)
        assert document["kind"] != "Secret", "the chart makes no secrets"
        if document["kind"] == "Deployment":
            check_pod(document["metadata"]["name"], document["spec"]["template"]["spec"])
    return len(documents)


def check_refusal(helm, values, words):
    """Without its secret, or with a misspelt value, the chart is refused with a reason."""
    try:
        helm.render(values)
    except Exception as error:
        assert words in str(error), f"refused for another reason than {words!r}: {error}"
    else:
        raise AssertionError(f"rendered although it should say {words!r}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--helm", required=True)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    helm = Helm(arguments.helm) if arguments.helm else Sdk()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for values in sorted((CHART / "ci").glob("*-values.yaml")):
        helm.lint(values)
        text = helm.render(values)
        (arguments.output / values.name).write_text(text)
        print(f"{values.name}: {check(text)} objects, valid in Kubernetes {' and '.join(KUBERNETES)}")
    wrong = arguments.output / "wrong.yaml"
    for text, words in [("{}", "existingSecret is required"), ("replcas: 3", "replcas"), ("env: {DATABASE_URL: x}", "DATABASE_URL")]:
        wrong.write_text(text)
        check_refusal(helm, wrong, words)
    wrong.unlink()


if __name__ == "__main__":
    try:
        main()
    except (AssertionError, RuntimeError, kubernetes_validate.ValidationError) as error:
        sys.exit(f"error: {error}")
