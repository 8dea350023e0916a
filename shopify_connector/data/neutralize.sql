-- A neutralised database is a copy: no secret, nothing read, every write simulated.
UPDATE shopify_backend
   SET state = CASE WHEN state = 'draft' THEN 'draft' ELSE 'copy' END,
       copy_reads = false,
       hold_reason = NULL,
       hold_message = NULL,
       held_at = NULL,
       client_secret = NULL,
       access_token = NULL,
       webhook_key = NULL;
UPDATE shopify_token SET access_token = NULL, expires_at = NULL;
UPDATE shopify_lease SET database_oid = NULL, confirmed = NULL, sent = NULL;
