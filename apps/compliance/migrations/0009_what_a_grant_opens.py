from django.db import migrations, models

# Until now a grant for a dataset opened whatever stood in it; those that hold keep what they opened at this moment.
FILL = """
UPDATE compliance_accessgrant AS g SET columns = coalesce((
    SELECT jsonb_object_agg(c.name, to_jsonb(array(SELECT DISTINCT unnest(c.carries || c.category::text))))
    FROM catalog_column c JOIN catalog_dataset d ON d.id = c.dataset_id JOIN catalog_source s ON s.id = d.source_id
    WHERE d.id = r.dataset_id AND c.retired_at IS NULL AND c.category <> ''
      AND r.subject IN (s.name || '/' || array_to_string(d.path, '/'),
                        s.name || '/' || array_to_string(d.path, '/') || '/' || c.name)
), '{}') FROM compliance_accessrequest r WHERE r.id = g.request_id
"""
STAYS = """
CREATE OR REPLACE FUNCTION compliance_grant_stays() RETURNS trigger LANGUAGE plpgsql
SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.request_id <> OLD.request_id OR NEW.starts_at <> OLD.starts_at OR NEW.ends_at > OLD.ends_at
        OR {columns}(OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at) THEN
        PERFORM compliance_refused('a grant only ever becomes shorter');
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("compliance", "0008_group_sizes"),
        ("catalog", "0004_findings"),
    ]

    operations = [
        migrations.AddField(model_name="accessgrant", name="columns", field=models.JSONField(default=dict)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(
            STAYS.format(columns="NEW.columns <> OLD.columns OR "),
            STAYS.format(columns=""),
        ),
    ]
