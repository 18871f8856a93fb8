DROP FUNCTION drop_partitions();
DROP FUNCTION ensure_partitions();
DROP FUNCTION ensure_partitions(text, text, date, date);
