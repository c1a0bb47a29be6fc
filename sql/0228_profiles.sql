-- Compliance profiles that were published (PublishProfile). The built-in ones are public.dcs_built_in_profiles(), and the rules with their
-- citations public.dcs_guard_rules(): `dcs migrate` makes both functions of the program (consumers/communications/profiles.py).

CREATE TABLE communications.profile_version (
	publication_id uuid PRIMARY KEY,
	profile        text COLLATE "C" NOT NULL,
	version        integer NOT NULL CHECK (version > 0),
	title          text NOT NULL,
	countries      text NOT NULL,  -- with a blank between; '': everywhere
	region         text NOT NULL,  -- without the country; '': the whole country
	collector      text NOT NULL CHECK (collector IN ('any', 'first_party', 'third_party')),
	rules          text NOT NULL,  -- a line for each: US-01 law from=08:00 to=21:00
	place          integer CHECK (place BETWEEN 1 AND 8), -- null: built in
	published_at   timestamptz NOT NULL,
	published_by   text NOT NULL,
	approved_by    text NOT NULL,
	UNIQUE (profile, version)
);
-- Two versions that are published at once, on two partitions: one waits for the other, and is decided again. So is a profile too many.
CREATE UNIQUE INDEX profile_version_place ON communications.profile_version (place) WHERE version = 1;
COMMENT ON TABLE communications.profile_version IS 'Append-only: every version is kept, as verdicts name theirs. The newest of a profile is in force';
GRANT SELECT, INSERT ON communications.profile_version TO dcs_communications;
GRANT SELECT ON communications.profile_version TO dcs_api; -- GET /customers/:id/contactability

-- The rules of a profile with the law, for people. Off is what is not listed.
CREATE FUNCTION communications.profile_rules(rules text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
	SELECT coalesce(json_agg(json_build_object('rule', split_part(l.line, ' ', 1), 'choice', split_part(l.line, ' ', 2),
		'numbers', substr(l.line, length(split_part(l.line, ' ', 1)) + length(split_part(l.line, ' ', 2)) + 3), 'law', r.law)
		ORDER BY l.n), '[]')::text
	FROM unnest(string_to_array(nullif(rules, ''), E'\n')) WITH ORDINALITY AS l (line, n)
	LEFT JOIN public.dcs_guard_rules() r ON r.rule = split_part(l.line, ' ', 1)
$$;

CREATE VIEW communications.api_profile AS
	SELECT p.*, CASE WHEN p.version = max(p.version) OVER (PARTITION BY p.profile) THEN 'in_force' ELSE 'replaced' END AS state
	FROM (
		SELECT publication_id, profile, version, title, countries, region, collector, rules, true AS is_built_in,
			built::timestamp AT TIME ZONE 'UTC' AS created_at, NULL::text AS published_by, NULL::text AS approved_by
		FROM public.dcs_built_in_profiles()
		UNION ALL
		SELECT publication_id, profile, version, title, countries, region, collector, rules, false, published_at, published_by, approved_by
		FROM communications.profile_version) p;
COMMENT ON VIEW communications.api_profile IS 'Every version of every compliance profile, built in or published';
GRANT SELECT ON communications.api_profile TO dcs_api;
REVOKE EXECUTE ON FUNCTION communications.profile_rules(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION communications.profile_rules(text) TO dcs_api;
