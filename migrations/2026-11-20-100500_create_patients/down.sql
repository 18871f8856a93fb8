DROP TABLE erasure_tombstones;
DROP TABLE related_persons;
DROP TABLE patient_consents;
DROP TABLE patient_keys;
DROP TABLE patients;
