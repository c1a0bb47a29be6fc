-- A customer's history has the key of each event, which its packed body needs: current/api_timeline.sql makes it again.
DROP FUNCTION api.timeline(uuid);
