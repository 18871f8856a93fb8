SELECT c.id, c.principal FROM openslot.access_changes AS c WHERE c.changed_at > openslot.present() - $1::interval
