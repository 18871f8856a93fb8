SELECT openslot.revoke_sessions($1::uuid)
