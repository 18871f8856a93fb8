ALTER POLICY resolver ON organizations USING (true);
ALTER POLICY resolver ON api_keys USING (true) WITH CHECK (true);
ALTER POLICY resolver ON members USING (true) WITH CHECK (true);
ALTER POLICY resolver ON member_locations USING (true);
ALTER POLICY resolver ON providers USING (true);
ALTER POLICY resolver ON patients USING (true);
