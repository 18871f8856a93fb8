SELECT openslot.enter($1::uuid, $2::uuid[])
