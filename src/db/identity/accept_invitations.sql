SELECT openslot.accept_invitations($1::uuid, $2::text, $3::text, $4::text)
