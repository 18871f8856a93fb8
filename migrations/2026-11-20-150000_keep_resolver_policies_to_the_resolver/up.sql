-- A policy holds for the members of its role too, and the owner is one, to hand functions over. Only the functions themselves
-- run as the resolver.

ALTER POLICY resolver ON organizations USING (current_user = 'openslot_resolver');
ALTER POLICY resolver ON api_keys USING (current_user = 'openslot_resolver') WITH CHECK (current_user = 'openslot_resolver');
ALTER POLICY resolver ON members USING (current_user = 'openslot_resolver') WITH CHECK (current_user = 'openslot_resolver');
ALTER POLICY resolver ON member_locations USING (current_user = 'openslot_resolver');
ALTER POLICY resolver ON providers USING (current_user = 'openslot_resolver');
ALTER POLICY resolver ON patients USING (current_user = 'openslot_resolver');
