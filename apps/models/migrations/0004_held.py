"""An entry of the ledger begins as a request, what was decided stays as it was, and a registered version stays what it
is. The database holds it, whoever writes. Runs that train become runs that only those see who may see the model."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION ml_promotion_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'requested' OR NEW.note <> ''
     OR num_nonnulls(NEW.decided_by_id, NEW.decided_at, NEW.applied_at, NEW.rolled_back_by_id, NEW.rolled_back_at) > 0 THEN
    RAISE EXCEPTION 'an entry of the promotion ledger begins as a request that nobody decided'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ml_promotion_begins BEFORE INSERT ON ml_promotion
  FOR EACH ROW EXECUTE FUNCTION ml_promotion_begins();

CREATE FUNCTION ml_promotion_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.reason IS DISTINCT FROM OLD.reason
     OR (OLD.decided_at IS NOT NULL AND NEW.decided_at IS DISTINCT FROM OLD.decided_at)
     OR (OLD.rolled_back_by_id IS NOT NULL AND NEW.rolled_back_by_id IS DISTINCT FROM OLD.rolled_back_by_id)
     OR (OLD.rolled_back_at IS NOT NULL AND NEW.rolled_back_at IS DISTINCT FROM OLD.rolled_back_at)
     OR (OLD.note <> '' AND NEW.note <> OLD.note)
     OR (NEW.state = OLD.state AND (NEW.decided_by_id, NEW.decided_at, NEW.applied_at, NEW.note)
         IS DISTINCT FROM (OLD.decided_by_id, OLD.decided_at, OLD.applied_at, OLD.note)) THEN
    RAISE EXCEPTION 'what an entry of the promotion ledger says stays as it is' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ml_promotion_stays BEFORE UPDATE ON ml_promotion
  FOR EACH ROW EXECUTE FUNCTION ml_promotion_stays();

CREATE FUNCTION ml_registered_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.state, NEW.model_id, NEW.number, NEW.mlflow_run_id, NEW.mlflow_model_id, NEW.artifact_uri,
      NEW.artifact_sha256, NEW.signature, NEW.threshold, NEW.snapshot_id)
     IS DISTINCT FROM (OLD.state, OLD.model_id, OLD.number, OLD.mlflow_run_id, OLD.mlflow_model_id, OLD.artifact_uri,
      OLD.artifact_sha256, OLD.signature, OLD.threshold, OLD.snapshot_id) THEN
    RAISE EXCEPTION 'a registered version stays what it is' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ml_registered_stays BEFORE UPDATE ON ml_modelversion
  FOR EACH ROW WHEN (OLD.state = 'registered') EXECUTE FUNCTION ml_registered_stays();

UPDATE runs_run SET permission = 'ml.view_registeredmodel'
WHERE kind = 'pipeline' AND name IN (SELECT pipeline FROM ml_registeredmodel WHERE pipeline <> '');
"""
BACKWARD = """
DROP TRIGGER ml_registered_stays ON ml_modelversion;
DROP FUNCTION ml_registered_stays();
DROP TRIGGER ml_promotion_stays ON ml_promotion;
DROP FUNCTION ml_promotion_stays();
DROP TRIGGER ml_promotion_begins ON ml_promotion;
DROP FUNCTION ml_promotion_begins();
"""


class Migration(migrations.Migration):
    dependencies = [("ml", "0003_observed"), ("runs", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
