-- POST /dunning/preview: the gateway asks the module's own next step about all groups (producers/api/offer/dunning_preview.h). It is shown by
-- totals, and only to supervisors and compliance.
GRANT SELECT ON dunning.person, dunning.debt, dunning.debt_group, dunning.step, dunning.step_debt, dunning.policy_version, dunning.policy_step,
	dunning.policy_change TO dcs_api;
GRANT SELECT (business_date) ON dunning.partition_head TO dcs_api;
GRANT EXECUTE ON FUNCTION dunning.is_dunned(smallint, bigint) TO dcs_api;
