"""A group for every role, so that later migrations and the first sign-in can count on them."""

from django.db import migrations

ROLES = ["analyst", "steward", "compliance_officer", "ml_engineer", "auditor", "administrator"]


def seed(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.using(schema_editor.connection.alias)
    for name in ROLES:
        groups.get_or_create(name=name)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(seed, migrations.RunPython.noop)]
