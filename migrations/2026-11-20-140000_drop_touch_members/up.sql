-- A member is seen where they act, by the application itself, and no longer in every organization at once.

DROP FUNCTION touch_members(text, text);
