"""The promotion ledger only grows, and an entry only moves forward. The database holds it, whoever writes."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION ml_promotion_moves_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'the promotion ledger keeps every entry' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.model_id, NEW.version_id, NEW.requested_by_id, NEW.requested_at, NEW.replaces_id)
     IS DISTINCT FROM (OLD.model_id, OLD.version_id, OLD.requested_by_id, OLD.requested_at, OLD.replaces_id)
     OR (OLD.decided_by_id IS NOT NULL AND NEW.decided_by_id IS DISTINCT FROM OLD.decided_by_id)
     OR (OLD.applied_at IS NOT NULL AND NEW.applied_at IS DISTINCT FROM OLD.applied_at) THEN
    RAISE EXCEPTION 'what an entry of the promotion ledger says stays as it is' USING ERRCODE = 'restrict_violation';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state || '>' || NEW.state) NOT IN (
    'requested>withdrawn', 'requested>refused', 'requested>approved',
    'approved>applied', 'approved>failed', 'applied>rolled_back'
  ) THEN
    RAISE EXCEPTION 'an entry of the promotion ledger does not move from % to %', OLD.state, NEW.state
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER ml_promotion_forward BEFORE UPDATE OR DELETE ON ml_promotion
  FOR EACH ROW EXECUTE FUNCTION ml_promotion_moves_forward();

CREATE FUNCTION ml_gate_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a gate''s answer is evidence and stays as it is' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER ml_gate_stays BEFORE UPDATE OR DELETE ON ml_gate
  FOR EACH ROW EXECUTE FUNCTION ml_gate_stays();
"""
BACKWARD = """
DROP TRIGGER ml_gate_stays ON ml_gate;
DROP FUNCTION ml_gate_stays();
DROP TRIGGER ml_promotion_forward ON ml_promotion;
DROP FUNCTION ml_promotion_moves_forward();
"""


class Migration(migrations.Migration):
    dependencies = [("ml", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
