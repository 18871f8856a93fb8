DROP FUNCTION enter(uuid, uuid[]);
DROP FUNCTION instant_before(timestamptz, interval, text);
DROP FUNCTION present();
DROP FUNCTION current_organization_id();
DROP EXTENSION btree_gist;
