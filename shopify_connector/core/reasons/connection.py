"""Reasons about reaching Shopify, permissions, and the machinery itself."""

from .reason import Reason, _

READS_AGAIN = _("Safe: it reads both sides again before it writes.")

REASONS = (
    Reason(
        code="throttled",
        title=_("Shopify asks us to slow down"),
        message=_("Shopify is asking us to slow down. Nothing to do."),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: the request was not carried out."),
        weight=5,
        max_attempts=500,
    ),
    Reason(
        code="shopify_down",
        title=_("Shopify doesn't answer properly"),
        message=_(
            "Shopify answered with an error of its own (%(problem)s). Nothing to do; "
            "it is tried again."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=READS_AGAIN,
        weight=30,
        store_wide=True,
        pause_after=5,
        max_attempts=48,
    ),
    Reason(
        code="network_timeout",
        title=_("Shopify could not be reached"),
        message=_(
            "Shopify could not be reached in time (%(problem)s). The request was not "
            "carried out. Nothing to do; it is tried again."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=READS_AGAIN,
        weight=30,
        store_wide=True,
        pause_after=5,
        max_attempts=48,
    ),
    Reason(
        code="not_sent",
        title=_("Not sent in time"),
        message=_(
            "%(record)s was prepared, but the server was held up before it could be "
            "sent, so it was not sent at all. It is prepared anew."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing was sent."),
        weight=10,
    ),
    Reason(
        code="outcome_unknown",
        title=_("Waiting to learn what Shopify did"),
        message=_(
            "Shopify didn't answer our request (%(operation)s), so it is not known "
            "yet whether it was carried out. This is checked before anything is sent "
            "again. Nothing to do."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: it first checks what Shopify did."),
        weight=30,
        max_attempts=24,
        delays=(2, 2, 5, 15, 30, 60),
    ),
    Reason(
        code="outcome_needs_person",
        title=_("Did Shopify do it? A person decides"),
        message=_(
            "Shopify didn't answer our request (%(operation)s) for %(record)s, and "
            "Shopify's data don't show whether it was carried out: %(problem)s."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=_("Only after you have checked in Shopify that it was not done."),
        fix="settle_outcome",
        fix_label=_("It was done / it was not done"),
        weight=60,
    ),
    Reason(
        code="database_busy",
        title=_("Odoo's database is busy"),
        message=_(
            "Odoo's database was busy with the same records. Nothing to do; it is "
            "tried again."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing was written."),
        weight=5,
        max_attempts=30,
    ),
    Reason(
        code="backlog_high",
        title=_("More work than workers"),
        message=_(
            "%(waiting)s items wait, the oldest since %(oldest)s. They are worked off "
            "in turn; more job workers would be faster."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing is lost."),
        owner_role="manager",
        weight=20,
        max_attempts=500,
    ),
    Reason(
        code="odoo_down",
        title=_("Odoo was not available"),
        message=_(
            "Odoo was not available from %(since)s. What happened meanwhile is kept "
            "and applied now."
        ),
        nature="temporary",
        retry_safe=True,
        retry_text=_("Safe: nothing is lost."),
        weight=20,
    ),
    Reason(
        code="sign_in_failed",
        title=_("Shopify refuses our sign-in"),
        message=_(
            "Shopify refuses the credentials of this store (%(problem)s). The store's "
            "flows pause until they are renewed."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after renewing the credentials."),
        fix="open_credentials",
        fix_label=_("Renew credentials"),
        owner_role="manager",
        weight=90,
        store_wide=True,
    ),
    Reason(
        code="scope_missing",
        title=_("Permission missing in Shopify"),
        headline=_("The app lacks the permission %(scope)s"),
        message=_(
            "%(record)s stopped because the app in Shopify lacks the permission "
            "%(scope)s."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after granting it: everything that waits goes on."),
        fix="grant_scope",
        fix_label=_("How to grant it"),
        owner_role="manager",
        cause=("scope",),
        weight=70,
        store_wide=True,
    ),
    Reason(
        code="company_access_missing",
        title=_("No access to the company"),
        headline=_("%(user)s has no access to company %(company)s"),
        message=_(
            "%(record)s stopped because the store's sync user %(user)s has no access "
            "to company %(company)s. Ask your Shopify manager or choose another user."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after giving access: nothing was written yet."),
        fix="grant_access",
        fix_label=_("Open the user"),
        owner_role="manager",
        cause=("user", "company"),
        weight=60,
    ),
    Reason(
        code="odoo_access_missing",
        title=_("No access in Odoo"),
        headline=_("%(user)s may not %(operation)s %(model)s"),
        message=_(
            "%(record)s stopped because the store's sync user %(user)s may not "
            "%(operation)s %(model)s in Odoo."
        ),
        nature="permission",
        retry_safe=True,
        retry_text=_("Safe after giving access: nothing was written yet."),
        fix="grant_access",
        fix_label=_("Open the user"),
        owner_role="manager",
        cause=("user", "operation", "model"),
        weight=60,
    ),
    Reason(
        code="company_differs",
        title=_("Record of another company"),
        headline=_("A record belongs to company %(company)s"),
        message=_(
            "%(record)s needs %(other)s, which belongs to company %(company)s; this "
            "store works for %(store_company)s."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe as long as nothing is posted."),
        fix="open_record",
        fix_label=_("Open the record"),
        owner_role="manager",
        cause=("company",),
        weight=55,
    ),
    Reason(
        code="api_version_changed",
        title=_("Shopify answers in another version"),
        message=_(
            "Shopify answers in API version %(answered)s instead of %(expected)s. "
            "Nothing is written to Shopify until the connector is updated."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after updating the connector."),
        fix="report",
        fix_label=_("Copy report"),
        owner_role="developer",
        weight=90,
        store_wide=True,
    ),
    Reason(
        code="store_on_hold",
        title=_("Store on hold"),
        headline=_("The store is on hold: %(problem)s"),
        message=_(
            "The store is on hold: %(problem)s. Nothing is read or written until a "
            "manager resumes it."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after resuming: both sides are read again first."),
        fix="resume_store",
        fix_label=_("Check and resume"),
        owner_role="manager",
        weight=95,
        store_wide=True,
    ),
    Reason(
        code="copy_writes_nothing",
        title=_("Copy: nothing is written to Shopify"),
        message=_(
            "This database is a copy, so “%(operation)s” was not sent to Shopify. What "
            "it would have written is kept with the Shopify writes."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe: a copy never writes to Shopify."),
        fix="resume_store",
        fix_label=_("Open the store"),
        owner_role="manager",
        weight=20,
        store_wide=False,
    ),
    Reason(
        code="links_not_rebuilt",
        title=_("Links not rebuilt after a restore"),
        message=_(
            "Links were lost here, or this database was restored from a backup. What "
            "rests for it goes on when the links are rebuilt from Shopify, or when a "
            "manager says why that isn't needed."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_(
            "Safe after rebuilding: links are restored before anything is made."
        ),
        fix="resume_store",
        fix_label=_("Open the store"),
        owner_role="manager",
        weight=95,
        store_wide=True,
    ),
    Reason(
        code="app_uninstalled",
        title=_("App removed in Shopify"),
        message=_(
            "Shopify says that the app was removed from this store. All links are "
            "kept; connect the store again to go on."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after connecting again."),
        fix="reconnect",
        fix_label=_("Connect again"),
        owner_role="manager",
        weight=95,
        store_wide=True,
    ),
    Reason(
        code="store_unreachable",
        title=_("Store locked or not found"),
        message=_(
            "Shopify doesn't let us reach %(domain)s: %(problem)s. Check the domain "
            "and whether the store is open."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after the store can be reached again."),
        fix="open_credentials",
        fix_label=_("Check the store"),
        owner_role="manager",
        weight=90,
        store_wide=True,
    ),
    Reason(
        code="host_blocked",
        title=_("This server can't reach Shopify"),
        headline=_("The host %(host)s can't be reached from this server"),
        message=_(
            "This server can't reach %(host)s: a firewall or proxy seems to block it."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after the way is open."),
        fix="none",
        owner_role="manager",
        cause=("host",),
        weight=90,
        store_wide=True,
    ),
    Reason(
        code="request_too_expensive",
        title=_("Request larger than Shopify allows"),
        message=_(
            "%(record)s needs a request (%(operation)s) larger than Shopify allows. "
            "It was not carried out."
        ),
        nature="defect",
        retry_safe=True,
        retry_text=_("Safe, but it stops again until the connector is corrected."),
        fix="report",
        fix_label=_("Copy report"),
        owner_role="developer",
        cause=("operation",),
        weight=70,
    ),
    Reason(
        code="defect",
        title=_("Unexpected error"),
        headline=_("Unexpected error: %(error)s"),
        message=_(
            "%(record)s met an error that the connector doesn't know: %(error)s. What "
            "it had begun in Odoo was taken back."
        ),
        nature="defect",
        retry_safe=True,
        retry_text=READS_AGAIN,
        fix="report",
        fix_label=_("Copy report"),
        owner_role="developer",
        cause=("fingerprint",),
        weight=80,
    ),
)
