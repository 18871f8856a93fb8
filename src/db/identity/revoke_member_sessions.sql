-- Tokens tell time in seconds, so those of this second are worthless too.
UPDATE openslot.members SET tokens_valid_from = date_trunc('second', openslot.present()) + interval '1 second'
WHERE id = $1::uuid
RETURNING tokens_valid_from
