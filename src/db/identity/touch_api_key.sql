SELECT openslot.touch_api_key($1::uuid)
