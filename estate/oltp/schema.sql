-- Payments OLTP, schema version 1. Every statement may run again; each ends with a semicolon at a line's end.
-- Comments stand in comments.sql, indexes and foreign keys in keys.sql: a bulk load takes them away and puts them back.
--
-- Money is a bigint in the currency's minor unit. Card numbers exist only as token, BIN and last four.
-- created_at is when it happened in the business; updated_at is when this row was last written here, and
-- incremental extraction reads by (updated_at, id).

create table if not exists public.schema_versions (
  version integer primary key,
  applied_at timestamptz not null default now()
);
insert into public.schema_versions (version) values (1) on conflict do nothing;

create table if not exists public.merchants (
  id text primary key,
  legal_name text not null,
  display_name text not null,
  contact_name text,
  email text,
  phone text,
  category_code text,
  city text,
  region text,
  postal_code text,
  country char(2) not null,
  default_currency char(3) not null,
  bank_account_token text,
  bank_account_last4 char(4),
  risk_level text not null default 'normal',
  status text not null default 'active',
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.customers (
  id text primary key,
  external_ref text,
  email text,
  full_name text,
  phone text,
  birth_date date,
  city text,
  region text,
  postal_code text,
  country char(2) not null,
  locale text,
  marketing_consent boolean not null default false,
  status text not null default 'active',
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.payment_methods (
  id text primary key,
  customer_id text not null,
  payment_type text not null,
  card_token text,
  card_bin char(6),
  card_last4 char(4),
  card_brand text,
  card_exp_month smallint check (card_exp_month between 1 and 12),
  card_exp_year smallint,
  holder_name text,
  fingerprint text,
  status text not null default 'active',
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.payment_intents (
  id text primary key,
  customer_id text not null,
  merchant_id text,
  amount bigint not null check (amount >= 0),
  currency char(3) not null,
  status text not null,
  source_status text,
  description text,
  approved_at timestamptz,
  shipped_at timestamptz,
  delivered_at timestamptz,
  expected_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.charges (
  id text primary key,
  payment_intent_id text not null,
  customer_id text not null,
  merchant_id text,
  payment_method_id text,
  payment_type text not null check (payment_type <> ''),
  sequence smallint not null default 1,
  installments smallint not null default 1,
  amount bigint not null check (amount >= 0),
  amount_refunded bigint not null default 0 check (amount_refunded between 0 and amount),
  currency char(3) not null,
  status text not null,
  failure_code text,
  receipt_email text,
  card_bin char(6),
  card_last4 char(4),
  ip_address text,
  device_id text,
  risk_score smallint check (risk_score between 0 and 100),
  fraud_label text,
  captured_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.refunds (
  id text primary key,
  charge_id text not null,
  amount bigint not null check (amount >= 0),
  currency char(3) not null,
  reason text not null,
  status text not null,
  note text,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.disputes (
  id text primary key,
  charge_id text not null,
  amount bigint not null check (amount >= 0),
  currency char(3) not null,
  reason text not null,
  status text not null,
  evidence_text text,
  due_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.payouts (
  id text primary key,
  merchant_id text not null,
  amount bigint not null,
  currency char(3) not null,
  status text not null,
  bank_account_last4 char(4),
  arrival_date date,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.balance_transactions (
  id text primary key,
  merchant_id text,
  type text not null,
  charge_id text,
  refund_id text,
  dispute_id text,
  payout_id text,
  amount bigint not null,
  fee bigint not null default 0,
  net bigint not null check (net = amount - fee),
  currency char(3) not null,
  available_on date,
  created_at timestamptz not null,
  updated_at timestamptz not null default now(),
  check (num_nonnulls(charge_id, refund_id, dispute_id, payout_id) = 1)
);

create table if not exists public.invoices (
  id text primary key,
  payment_intent_id text not null,
  customer_id text not null,
  number text not null,
  status text not null,
  subtotal bigint not null,
  shipping bigint not null default 0,
  total bigint not null check (total = subtotal + shipping),
  currency char(3) not null,
  billing_name text,
  billing_email text,
  due_at timestamptz,
  paid_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.invoice_items (
  id text primary key,
  invoice_id text not null,
  merchant_id text not null,
  product_ref text,
  product_category text,
  quantity integer not null default 1,
  amount bigint not null,
  shipping bigint not null default 0,
  currency char(3) not null,
  ship_by timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null default now()
);

create table if not exists public.load_rejects (
  load_id text not null,
  file text not null,
  line integer not null,
  reason text not null,
  outcome text not null,
  row_digest text not null,
  created_at timestamptz not null default now(),
  primary key (load_id, file, line, reason)
);

create table if not exists public.loads (
  load_id text primary key,
  origin text not null,
  counts jsonb not null,
  finished_at timestamptz not null default now()
);
