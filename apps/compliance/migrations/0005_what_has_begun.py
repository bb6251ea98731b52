"""What was begun is brought to its end: after the ledger was entered no request is refused or withdrawn, and a plan that
is being carried out goes back only to a search that found something else. See 0004."""

from django.db import migrations

DO = """
CREATE FUNCTION compliance_request_begun() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state IN ('refused', 'cancelled') AND EXISTS (
        SELECT FROM compliance_forgotten
        WHERE request = NEW.id::text OR starts_with(request, NEW.id::text || '/')
    ) THEN
        PERFORM compliance_refused('its erasure has begun');
    ELSIF OLD.state = 'executing' AND NEW.state = 'discovered' AND NOT EXISTS (
        SELECT FROM compliance_newest_search(NEW.id) search
        JOIN compliance_subjectplan plan ON plan.request_id = NEW.id
        JOIN compliance_subjectdiscovery planned ON planned.id = plan.discovery_id
        WHERE plan.number = (SELECT max(number) FROM compliance_subjectplan WHERE request_id = NEW.id)
          AND search.number > planned.number AND search.sha256 <> planned.sha256
    ) THEN
        PERFORM compliance_refused('no search since has found anything else than was planned');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_request_begun BEFORE UPDATE ON compliance_subjectrequest
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION compliance_request_begun();
"""
UNDO = """
DROP TRIGGER compliance_request_begun ON compliance_subjectrequest;
DROP FUNCTION compliance_request_begun();
"""


class Migration(migrations.Migration):
    dependencies = [("compliance", "0004_what_the_database_holds")]
    operations = [migrations.RunSQL(DO, UNDO)]
