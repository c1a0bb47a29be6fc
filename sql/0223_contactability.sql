-- The gateway asks the guard whether a person may be written to (GET /customers/:id/contactability). It loads what the module loads
-- for a message, by the module's own statements, so it reads the same rows. It showed most of them before, by the views api_*.

GRANT SELECT ON customers.public_person, customers.public_contact_point, communications.withdrawal, communications.permission,
	communications.opt_out, communications.contact_history, communications.circumstance, communications.preference,
	communications.blocked_time TO dcs_api;
GRANT SELECT (business_date) ON communications.partition_head TO dcs_api;
