"""The model `fraud_model`: how likely a charge turns out to be fraud, from what was known before it.

The processor's own risk score is left out: it is what this model is meant to replace.
"""

from estate.training.definition import Training

FLAGS = ("IS_NEW_DEVICE", "IS_NEW_ADDRESS")
COUNTS = (
    "CUSTOMER_CHARGES_1H",
    "CUSTOMER_CHARGES_24H",
    "CUSTOMER_CHARGES_30D",
    "CUSTOMER_DECLINED_24H",
    "CARD_CHARGES_24H",
    "DEVICE_CHARGES_1H",
    "DEVICE_DECLINED_1H",
    "DEVICE_CHARGES_30D",
    "ADDRESS_CHARGES_1H",
    "ADDRESS_CHARGES_30D",
)
FROM_ZERO = ("AMOUNT", "INSTALLMENTS", "CUSTOMER_AMOUNT_24H", "AMOUNT_RATIO", *COUNTS)

FRAUD_MODEL = Training(
    name="fraud_model",
    title="Fraud in charges",
    description="How likely a charge turns out to be fraud, from what was known strictly before it.",
    owner="machine-learning",
    source="warehouse",
    path=("ANALYTICS", "ML", "FRAUD_FEATURES"),
    keys={"CHARGE_ID": "charge", "CUSTOMER_ID": "customer"},
    time="AS_OF",
    label="IS_FRAUD",
    inputs={
        "AMOUNT": "amount of the charge",
        "INSTALLMENTS": "number of instalments",
        "HOUR_OF_DAY": "hour of the charge",
        "CUSTOMER_CHARGES_1H": "customer's charges within an hour before",
        "CUSTOMER_CHARGES_24H": "customer's charges within a day before",
        "CUSTOMER_CHARGES_30D": "customer's charges within 30 days before",
        "CUSTOMER_AMOUNT_24H": "customer's amount within a day before",
        "CUSTOMER_DECLINED_24H": "customer's refused charges within a day before",
        "CARD_CHARGES_24H": "charges of the payment method within a day before",
        "DEVICE_CHARGES_1H": "charges from the device within an hour before",
        "DEVICE_DECLINED_1H": "refused charges from the device within an hour before",
        "DEVICE_CHARGES_30D": "charges from the device within 30 days before",
        "ADDRESS_CHARGES_1H": "charges from the network address within an hour before",
        "ADDRESS_CHARGES_30D": "charges from the network address within 30 days before",
        "IS_NEW_DEVICE": "device the customer did not use in the 180 days before",
        "IS_NEW_ADDRESS": "network address the customer did not use in the 180 days before",
        "AMOUNT_RATIO": "amount over the customer's mean of the 180 days before",
    },
    limits={
        "HOUR_OF_DAY": (0, 23),
        **dict.fromkeys(FLAGS, (0, 1)),
        **dict.fromkeys(FROM_ZERO, (0, None)),
    },
    params={
        "learning_rate": 0.1,
        "max_iter": 120,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 20,
        "l2_regularization": 1,
    },
)
