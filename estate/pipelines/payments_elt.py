"""The pipeline `payments_elt`: payments OLTP and documents -> RAW -> dbt -> what must agree.

Not extracted, because nobody downstream needs them: vault tokens (`card_token`, `bank_account_token`).
"""

from pathlib import Path

from estate.pipelines.checks import CHECKS
from estate.pipelines.definition import Column, Extract, Pipeline, Transform

TYPES = {
    "text": "VARCHAR",
    "int": "NUMBER(38,0)",
    "time": "TIMESTAMP_TZ",
    "date": "DATE",
    "bool": "BOOLEAN",
    "float": "DOUBLE",
    "json": "VARIANT",
}

# table: "column:type ..." in the order of the RAW table
OLTP = {
    "merchants": """id:text legal_name:text display_name:text contact_name:text email:text phone:text
        category_code:text city:text region:text postal_code:text country:text default_currency:text
        bank_account_last4:text risk_level:text status:text created_at:time updated_at:time""",
    "customers": """id:text external_ref:text email:text full_name:text phone:text birth_date:date city:text
        region:text postal_code:text country:text locale:text marketing_consent:bool status:text
        created_at:time updated_at:time""",
    "payment_methods": """id:text customer_id:text payment_type:text card_bin:text card_last4:text card_brand:text
        card_exp_month:int card_exp_year:int holder_name:text fingerprint:text status:text
        created_at:time updated_at:time""",
    "payment_intents": """id:text customer_id:text merchant_id:text amount:int currency:text status:text
        source_status:text description:text approved_at:time shipped_at:time delivered_at:time expected_at:time
        created_at:time updated_at:time""",
    "charges": """id:text payment_intent_id:text customer_id:text merchant_id:text payment_method_id:text
        payment_type:text sequence:int installments:int amount:int amount_refunded:int currency:text status:text
        failure_code:text receipt_email:text card_bin:text card_last4:text ip_address:text device_id:text
        risk_score:int fraud_label:text captured_at:time created_at:time updated_at:time""",
    "refunds": """id:text charge_id:text amount:int currency:text reason:text status:text note:text
        created_at:time updated_at:time""",
    "disputes": """id:text charge_id:text amount:int currency:text reason:text status:text evidence_text:text
        due_at:time created_at:time updated_at:time""",
    "payouts": """id:text merchant_id:text amount:int currency:text status:text bank_account_last4:text
        arrival_date:date created_at:time updated_at:time""",
    "balance_transactions": """id:text merchant_id:text type:text charge_id:text refund_id:text dispute_id:text
        payout_id:text amount:int fee:int net:int currency:text available_on:date created_at:time updated_at:time""",
    "invoices": """id:text payment_intent_id:text customer_id:text number:text status:text subtotal:int shipping:int
        total:int currency:text billing_name:text billing_email:text due_at:time paid_at:time
        created_at:time updated_at:time""",
    "invoice_items": """id:text invoice_id:text merchant_id:text product_ref:text product_category:text quantity:int
        amount:int shipping:int currency:text ship_by:time created_at:time updated_at:time""",
}

# collection: "path:type ..."; `device.ip` lands in DEVICE_IP, `_id` in ID
DOCUMENTS = {
    "sessions": """_id:text customer_id:text channel:text started_at:time ended_at:time device.id:text device.os:text
        device.browser:text device.user_agent:text device.ip:text geo.country:text geo.city:text contact.email:text
        contact.phone:text consent.marketing:bool consent.analytics:bool events:json charge_ids:json
        created_at:time updated_at:time""",
    "api_logs": """_id:text request_id:text merchant_id:text method:text route:text status:int latency_ms:float
        client.ip:text client.user_agent:text request.customer_email:text request.card.bin:text
        request.card.last4:text request.note:text errors:json occurred_at:time received_at:time
        created_at:time updated_at:time""",
    "feedback": """_id:text customer_id:text merchant_id:text payment_intent_id:text source:text score:int
        title:text message:text language:text contact.name:text contact.email:text replies:json answered_at:time
        created_at:time updated_at:time""",
    "ml_features": """_id:text customer_id:text as_of:time features.charges:int features.amount_minor:int
        features.declined:int features.cards:int features.ips:int features.night_share:float
        features.refund_share:float recent_ips:json devices:json label:text created_at:time updated_at:time""",
}


def columns(text: str) -> tuple[Column, ...]:
    pairs = (word.rsplit(":", 1) for word in text.split())
    return tuple(Column(path, path.lstrip("_").replace(".", "_").upper(), TYPES[kind]) for path, kind in pairs)


def extract(source: str, name: str, text: str) -> Extract:
    return Extract(
        key=f"{source}.{name}",
        source=source,
        path=("public", name) if source == "oltp" else (name,),
        target=("ANALYTICS", "RAW", f"{source}_{name}".upper()),
        columns=columns(text),
        keys=("id",) if source == "oltp" else ("_id",),
    )


PAYMENTS_ELT = Pipeline(
    name="payments_elt",
    title="Payments to the warehouse",
    description="Copies what changed in the payments OLTP and documents into RAW, builds the dbt models and proves "
    "that counts and sums agree from end to end.",
    owner="data-platform",
    extracts=(
        *(extract("oltp", name, text) for name, text in OLTP.items()),
        *(extract("documents", name, text) for name, text in DOCUMENTS.items()),
    ),
    transforms=(Transform(project=Path(__file__).resolve().parent.parent / "dbt"),),
    checks=CHECKS,
    schedule="0 * * * *",
    deadline_minutes=60,
    tags=("payments",),
)
