DROP TABLE holidays;
DROP TABLE availability_exceptions;
DROP TABLE availability_rules;
DROP TABLE schedule_services;
DROP TABLE schedules;
