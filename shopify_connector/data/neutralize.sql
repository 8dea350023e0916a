-- A neutralised copy may not reach the shop: no secret, no store at work.
UPDATE shopify_backend
   SET state = 'hold',
       hold_reason = 'store_on_hold',
       hold_message = 'This is a neutralised copy of the database.',
       client_secret = NULL,
       access_token = NULL,
       webhook_key = NULL;
UPDATE shopify_token SET access_token = NULL, expires_at = NULL;
UPDATE shopify_lease SET database_oid = NULL, confirmed = NULL, sent = NULL;
