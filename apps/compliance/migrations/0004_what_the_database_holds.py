"""What the account of web and workers cannot do to a request by plain SQL: skip a move, complete what no search proved,
write a certificate of something else, change a search. `search_path` is pinned, because that account might make a
temporary table that has the name of one of ours."""

from django.db import migrations

PINNED = "SET search_path = public, pg_temp"

# `flow.REQUEST`, written down again: a test compares the two.
MOVES = """
CREATE FUNCTION compliance_request_edges() RETURNS TABLE (before text, after text) LANGUAGE sql IMMUTABLE AS $$
    VALUES ('received', 'verified'), ('received', 'refused'), ('received', 'cancelled'),
           ('verified', 'discovering'), ('verified', 'refused'), ('verified', 'cancelled'),
           ('discovering', 'discovered'), ('discovering', 'verified'),
           ('discovered', 'planned'), ('discovered', 'packaging'), ('discovered', 'discovering'),
           ('discovered', 'rescanning'), ('discovered', 'refused'), ('discovered', 'cancelled'),
           ('planned', 'approved'), ('planned', 'discovered'), ('planned', 'discovering'),
           ('planned', 'refused'), ('planned', 'cancelled'),
           ('approved', 'executing'), ('approved', 'discovering'), ('approved', 'refused'), ('approved', 'cancelled'),
           ('executing', 'rescanning'), ('executing', 'discovered'),
           ('rescanning', 'complete'), ('rescanning', 'incomplete'),
           ('packaging', 'complete'),
           ('incomplete', 'discovering'), ('incomplete', 'rescanning')
$$;

CREATE FUNCTION compliance_refused(reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'check_violation';
END $$;
"""

SEARCHES = f"""
CREATE FUNCTION compliance_newest_search(request uuid) RETURNS compliance_subjectdiscovery LANGUAGE sql STABLE
{PINNED} AS $$
    SELECT * FROM compliance_subjectdiscovery WHERE request_id = request ORDER BY number DESC LIMIT 1
$$;

CREATE FUNCTION compliance_nothing_found(request uuid) RETURNS boolean LANGUAGE sql STABLE {PINNED} AS $$
    SELECT coalesce(bool_and(
        search.sha256 <> '' AND jsonb_array_length(search.content -> 'places') = 0
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(search.content -> 'held') held
            WHERE held ->> 'silent' <> '' OR ((held ->> 'count')::bigint <> 0 AND held ->> 'keep' = '')
        )), false)
    FROM compliance_newest_search(request) search
$$;

-- All but names of columns and paths: such a name may be another person's, and is cut out when that one is erased.
CREATE FUNCTION compliance_search_outline(content jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE {PINNED} AS $$
    SELECT jsonb_build_array(
        jsonb_path_query_array(content, '$.places[*].dataset'), jsonb_path_query_array(content, '$.places[*].action'),
        jsonb_path_query_array(content, '$.places[*].rows'), jsonb_path_query_array(content, '$.places[*].ground'),
        jsonb_path_query_array(content, '$.places[*].columns.size()'),
        jsonb_path_query_array(content, '$.places[*].columns[*].masked'),
        jsonb_path_query_array(content, '$.findings[*].blocking'), content -> 'held', content -> 'searched'
    )
$$;

CREATE FUNCTION compliance_discovery_guard() RETURNS trigger LANGUAGE plpgsql {PINNED} AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM compliance_refused('a search is not deleted');
    ELSIF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM compliance_subjectrequest
                       WHERE id = NEW.request_id AND state IN ('discovering', 'executing')) THEN
            PERFORM compliance_refused('nobody searches for this request now');
        END IF;
        IF EXISTS (SELECT FROM compliance_subjectdiscovery
                   WHERE request_id = NEW.request_id AND number >= NEW.number) THEN
            PERFORM compliance_refused('a search comes after those before it');
        END IF;
    ELSIF (NEW.id, NEW.request_id, NEW.number, compliance_search_outline(NEW.content), NEW.sha256, NEW.people, NEW.at)
          IS DISTINCT FROM
          (OLD.id, OLD.request_id, OLD.number, compliance_search_outline(OLD.content), OLD.sha256, OLD.people, OLD.at) THEN
        PERFORM compliance_refused('what a search found does not change');
    ELSIF NEW.candidates IS NOT NULL AND NEW.candidates IS DISTINCT FROM OLD.candidates
          OR OLD.sha256 <> '' AND NEW.chosen IS NOT NULL AND NEW.chosen IS DISTINCT FROM OLD.chosen THEN
        PERFORM compliance_refused('whom a search was about does not change');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_discovery_guard BEFORE INSERT OR UPDATE OR DELETE ON compliance_subjectdiscovery
    FOR EACH ROW EXECUTE FUNCTION compliance_discovery_guard();
"""

PLANS = f"""
CREATE FUNCTION compliance_plan_place() RETURNS trigger LANGUAGE plpgsql {PINNED} AS $$
DECLARE
    wanted text := CASE TG_OP WHEN 'INSERT' THEN 'discovered' ELSE 'planned' END;
BEGIN
    IF NOT EXISTS (SELECT FROM compliance_subjectrequest
                   WHERE id = NEW.request_id AND state = wanted AND kind = 'erasure') THEN
        PERFORM compliance_refused('a plan is made of a search, and approved while it waits for that');
    END IF;
    IF EXISTS (SELECT FROM compliance_subjectplan
               WHERE request_id = NEW.request_id AND number >= NEW.number AND id <> NEW.id) THEN
        PERFORM compliance_refused('only the newest plan counts');
    END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (
        SELECT FROM compliance_newest_search(NEW.request_id) search
        WHERE search.id = NEW.discovery_id AND search.sha256 <> ''
          AND search.sha256 = NEW.content::jsonb ->> 'digest'
          AND search.content -> 'places' = NEW.content::jsonb -> 'plan' -> 'places'
    ) THEN
        PERFORM compliance_refused('a plan says what the newest search found');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER compliance_plan_place BEFORE INSERT OR UPDATE ON compliance_subjectplan
    FOR EACH ROW EXECUTE FUNCTION compliance_plan_place();
"""

REQUESTS = f"""
ALTER FUNCTION compliance_request_guard() {PINNED};

CREATE FUNCTION compliance_request_moves() RETURNS trigger LANGUAGE plpgsql {PINNED} AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM compliance_refused('a request is not deleted');
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'received' THEN
            PERFORM compliance_refused('a request begins as one that was received');
        END IF;
    ELSE
        IF (NEW.id, NEW.kind, NEW.law, NEW.digest, NEW.received_on, NEW.opened_by_id, NEW.opened_at) IS DISTINCT FROM
           (OLD.id, OLD.kind, OLD.law, OLD.digest, OLD.received_on, OLD.opened_by_id, OLD.opened_at) THEN
            PERFORM compliance_refused('what was asked, by whom and when does not change');
        END IF;
        IF NEW.state <> OLD.state THEN
            IF NOT EXISTS (SELECT FROM compliance_request_edges() WHERE before = OLD.state AND after = NEW.state) THEN
                PERFORM compliance_refused(format('%s -> %s is not a move', OLD.state, NEW.state));
            END IF;
            PERFORM compliance_request_may(OLD.state, NEW);
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION compliance_request_may(before text, request compliance_subjectrequest) RETURNS void
LANGUAGE plpgsql {PINNED} AS $$
BEGIN
    IF request.state = 'planned' AND NOT EXISTS (
        SELECT FROM compliance_subjectplan plan JOIN compliance_newest_search(request.id) search
            ON search.id = plan.discovery_id
        WHERE plan.request_id = request.id
    ) THEN
        PERFORM compliance_refused('there is no plan of the newest search');
    ELSIF request.state = 'discovered' AND NOT EXISTS (
        SELECT FROM compliance_subjectdiscovery WHERE request_id = request.id
    ) THEN
        PERFORM compliance_refused('nothing was searched');
    ELSIF request.state = 'packaging' AND (request.kind <> 'access' OR NOT EXISTS (
        SELECT FROM compliance_newest_search(request.id) search WHERE search.sha256 <> ''
    )) THEN
        PERFORM compliance_refused('what answers an access request is what a search found');
    ELSIF request.state = 'rescanning' AND before = 'discovered' AND NOT compliance_nothing_found(request.id) THEN
        PERFORM compliance_refused('something was found, and no plan says what happens to it');
    ELSIF request.state IN ('complete', 'incomplete') AND NOT EXISTS (
        SELECT FROM compliance_subjectcertificate written
        WHERE written.request_id = request.id AND written.complete = (request.state = 'complete')
          AND written.content::jsonb ->> 'run' = request.run_id::text
    ) THEN
        PERFORM compliance_refused('no certificate of this run says so');
    ELSIF request.state = 'complete' AND request.kind = 'erasure' AND NOT compliance_nothing_found(request.id)
      AND NOT EXISTS (
        SELECT FROM compliance_subjectplan WHERE request_id = request.id AND approved_by_id IS NOT NULL
    ) THEN
        PERFORM compliance_refused('something was found, and nobody approved what happens to it');
    END IF;
END $$;
CREATE TRIGGER compliance_request_moves BEFORE INSERT OR UPDATE OR DELETE ON compliance_subjectrequest
    FOR EACH ROW EXECUTE FUNCTION compliance_request_moves();
"""

CERTIFICATES = f"""
CREATE FUNCTION compliance_certificate_written() RETURNS trigger LANGUAGE plpgsql {PINNED} AS $$
DECLARE
    body jsonb := NEW.content::jsonb;
    request compliance_subjectrequest;
BEGIN
    SELECT * INTO request FROM compliance_subjectrequest WHERE id = NEW.request_id;
    IF NEW.sha256 <> encode(sha256(convert_to(NEW.content, 'UTF8')), 'hex') THEN
        PERFORM compliance_refused('the hash is not that of the certificate');
    ELSIF (body -> 'request' ->> 'id', body -> 'request' ->> 'kind', body ->> 'run', body ->> 'result') IS DISTINCT FROM
       (request.id::text, request.kind::text, request.run_id::text,
        CASE WHEN NEW.complete THEN 'complete' ELSE 'incomplete' END) THEN
        PERFORM compliance_refused('a certificate is of its request, its run and its result');
    ELSIF NOT compliance_proven(request, body, NEW.complete) THEN
        PERFORM compliance_refused('no step of this run found what the certificate says');
    ELSIF jsonb_typeof(body -> 'plan') <> 'null' AND NOT EXISTS (
        SELECT FROM compliance_subjectplan WHERE request_id = request.id
          AND sha256 = body -> 'plan' ->> 'sha256' AND approved_by_id IS NOT NULL
    ) THEN
        PERFORM compliance_refused('the plan that it names was not approved');
    ELSIF NOT EXISTS (
        SELECT FROM audit_event event
        WHERE event.id = NEW.event_id AND event.action = 'compliance.certificate_written'
          AND event.target_kind = 'subject_request' AND event.target_id = request.id::text
          AND event.payload::jsonb -> 'detail' ->> 'sha256' = NEW.sha256
    ) THEN
        PERFORM compliance_refused('the trail does not name this certificate');
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION compliance_proven(request compliance_subjectrequest, body jsonb, complete boolean) RETURNS boolean
LANGUAGE sql STABLE {PINNED} AS $$
    SELECT EXISTS (
        SELECT FROM runs_step step JOIN runs_run run ON run.id = step.run_id
        WHERE run.id = request.run_id AND run.subject_kind = 'subject_request' AND run.subject_id = request.id::text
          AND step.state = 'done' AND (
            request.state = 'rescanning' AND step.key = 'rescan' AND step.output = body -> 'rescan'
              AND (step.output ->> 'complete')::boolean = complete
              AND (NOT complete OR (step.output ->> 'places_left')::bigint = 0)
            OR request.state = 'packaging' AND step.key = 'package' AND complete AND EXISTS (
                SELECT FROM compliance_subjectpackage package
                WHERE package.request_id = request.id AND package.id::text = body -> 'package' ->> 'id'
                  AND package.sha256 = body -> 'package' ->> 'sha256'
            )
          )
    )
$$;

CREATE TRIGGER compliance_certificate_written BEFORE INSERT ON compliance_subjectcertificate
    FOR EACH ROW EXECUTE FUNCTION compliance_certificate_written();

CREATE FUNCTION compliance_certificate_means() RETURNS trigger LANGUAGE plpgsql {PINNED} AS $$
BEGIN
    IF EXISTS (
        SELECT FROM compliance_subjectrequest
        WHERE id = NEW.request_id AND state IN ('rescanning', 'packaging')
          AND run_id::text = NEW.content::jsonb ->> 'run'
    ) THEN
        PERFORM compliance_refused('a certificate is written together with the state that it means');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER compliance_certificate_means AFTER INSERT ON compliance_subjectcertificate
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION compliance_certificate_means();
"""

UNDO = """
DROP TRIGGER compliance_certificate_means ON compliance_subjectcertificate;
DROP FUNCTION compliance_certificate_means();
DROP TRIGGER compliance_certificate_written ON compliance_subjectcertificate;
DROP FUNCTION compliance_certificate_written();
DROP FUNCTION compliance_proven(compliance_subjectrequest, jsonb, boolean);
DROP TRIGGER compliance_request_moves ON compliance_subjectrequest;
DROP FUNCTION compliance_request_moves();
DROP FUNCTION compliance_request_may(text, compliance_subjectrequest);
ALTER FUNCTION compliance_request_guard() RESET search_path;
DROP TRIGGER compliance_plan_place ON compliance_subjectplan;
DROP FUNCTION compliance_plan_place();
DROP TRIGGER compliance_discovery_guard ON compliance_subjectdiscovery;
DROP FUNCTION compliance_discovery_guard();
DROP FUNCTION compliance_search_outline(jsonb);
DROP FUNCTION compliance_nothing_found(uuid);
DROP FUNCTION compliance_newest_search(uuid);
DROP FUNCTION compliance_refused(text);
DROP FUNCTION compliance_request_edges();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0003_subject_requests"),
        ("audit", "0002_append_only"),
        ("runs", "0001_initial"),
    ]
    operations = [migrations.RunSQL(MOVES + SEARCHES + PLANS + REQUESTS + CERTIFICATES, UNDO)]
