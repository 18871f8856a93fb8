DELETE FROM openslot.access_changes WHERE changed_at < openslot.present() - interval '1 day'
