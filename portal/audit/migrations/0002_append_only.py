"""The account that web and workers use may add to the trail and read it, and nothing else."""

from django.conf import settings
from django.db import migrations

TABLES = "audit_event, audit_leaf, audit_node, audit_treehead"


def revoke(apps, schema_editor):
    quote = schema_editor.connection.ops.quote_name
    account = settings.DATABASES["default"]["USER"]
    if account == schema_editor.connection.settings_dict["USER"]:
        return  # one account for all: `manage.py check --deploy` refuses that outside a demo
    schema_editor.execute(f"REVOKE ALL ON {TABLES} FROM {quote(account)}")
    schema_editor.execute(f"GRANT SELECT, INSERT ON {TABLES} TO {quote(account)}")


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [migrations.RunPython(revoke, migrations.RunPython.noop)]
