SELECT openslot.touch_members($1::text, $2::text)
