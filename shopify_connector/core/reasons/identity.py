"""Reasons why two records can't be taken for one, or must not be linked."""

from .reason import Reason, _

NOTHING_CHANGED = _("Not before a person has decided: a retry would stop again.")

REASONS = (
    Reason(
        code="identity_conflict",
        title=_("Both sides disagree who belongs together"),
        message=_(
            "%(record)s is linked to %(ours)s here, but Shopify's record names "
            "%(theirs)s. Nothing was changed on either side."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=60,
    ),
    Reason(
        code="identity_copied",
        title=_("Copy of a linked record"),
        message=_(
            "%(record)s carries the Odoo ID of %(theirs)s, which is linked to "
            "%(other)s already. It looks like a copy."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="treat_as_new",
        fix_label=_("Treat as new"),
        weight=50,
    ),
    Reason(
        code="identity_original_gone",
        title=_("The linked Shopify record is gone"),
        message=_(
            "%(record)s carries the Odoo ID of %(theirs)s, which is linked to "
            "%(other)s. That one no longer exists in Shopify."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="relink",
        fix_label=_("Move the link"),
        weight=50,
    ),
    Reason(
        code="identity_claimed_twice",
        title=_("Two Shopify records name one Odoo record"),
        message=_(
            "%(record)s and %(other)s both carry the Odoo ID of %(theirs)s. Both "
            "stopped; neither was changed."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=60,
    ),
    Reason(
        code="identity_foreign_database",
        title=_("Linked by another Odoo"),
        headline=_("Shopify's records are linked to the Odoo database %(database)s"),
        message=_(
            "%(record)s is linked to a record of another Odoo database "
            "(%(database)s). This Odoo leaves it alone."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        cause=("database",),
        weight=60,
    ),
    Reason(
        code="identity_foreign_company",
        title=_("Linked in another company"),
        message=_(
            "%(record)s carries the Odoo ID of %(theirs)s, which belongs to the "
            "company %(company)s and not to this store's."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        cause=("company",),
        weight=60,
    ),
    Reason(
        code="identity_record_gone",
        title=_("The Odoo record is gone"),
        message=_(
            "%(record)s carries the Odoo ID of %(theirs)s, which no longer exists in "
            "Odoo."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="relink",
        fix_label=_("Choose record"),
        weight=50,
    ),
    Reason(
        code="identity_birth_differs",
        title=_("The Odoo ID now means another record"),
        message=_(
            "%(record)s carries the Odoo ID of %(theirs)s, but that record was made "
            "at another time: the ID was handed out again, for example after a backup "
            "was restored."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=60,
    ),
    Reason(
        code="identity_unproven",
        title=_("Odoo ID without proof"),
        message=_(
            "%(record)s carries the Odoo ID %(theirs)s without a readable proof of "
            "which Odoo record that is."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=55,
    ),
    Reason(
        code="link_record_deleted",
        title=_("Linked Odoo record deleted"),
        message=_(
            "%(record)s is linked to %(ours)s, which was deleted or merged in Odoo. "
            "Link another record, or let a new one be made."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="relink",
        fix_label=_("Link or make new"),
        weight=50,
    ),
    Reason(
        code="link_record_archived",
        title=_("Linked Odoo record archived"),
        message=_(
            "%(record)s is linked to %(ours)s, which is archived in Odoo. The rule "
            "for this flow says that a person decides."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe after restoring it from the archive."),
        fix="open_record",
        fix_label=_("Open the record"),
        weight=40,
    ),
    Reason(
        code="shopify_record_gone",
        title=_("Gone in Shopify"),
        message=_(
            "%(record)s no longer exists in Shopify. The link to Odoo is kept and "
            "nothing was deleted."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: it only looks again."),
        fix="open_record",
        fix_label=_("Open the record"),
        weight=30,
    ),
    Reason(
        code="ambiguous_match",
        title=_("Several candidates"),
        headline=_("%(key)s %(value)s fits several records"),
        message=_(
            "%(record)s could not be linked: %(key)s %(value)s fits several records: "
            "%(candidates)s. Nothing was linked."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after choosing one."),
        fix="choose_match",
        fix_label=_("Choose"),
        cause=("key", "value"),
        weight=45,
    ),
    Reason(
        code="match_taken",
        title=_("The only candidate is linked already"),
        headline=_("%(key)s %(value)s belongs to a linked record"),
        message=_(
            "%(record)s could not be linked: the only record with %(key)s %(value)s, "
            "%(candidate)s, is linked to %(other)s already."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe after changing the link or the key."),
        fix="choose_match",
        fix_label=_("Choose"),
        cause=("key", "value"),
        weight=45,
    ),
    Reason(
        code="unlinked_by_hand",
        title=_("Unlinked by hand"),
        message=_(
            "%(record)s was unlinked from %(ours)s by %(user)s: %(why)s. It stays so "
            "until somebody links it or says that it is new."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: it stops again until somebody has decided."),
        fix="relink",
        fix_label=_("Link or treat as new"),
        weight=40,
    ),
    Reason(
        code="duplicate_record",
        title=_("One record exists twice"),
        message=_(
            "%(record)s and %(other)s stand for the same thing. Merge or cancel one "
            "of them."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare"),
        weight=60,
    ),
    Reason(
        code="link_taken",
        title=_("Its place is taken by another link"),
        headline=_("A link is taken: %(rule)s"),
        message=_(
            "%(record)s could not be linked in %(times)s tries: %(rule)s What was begun "
            "in Odoo was taken back; nothing else waited for it."
        ),
        nature="conflict",
        retry_safe=True,
        retry_text=_("Safe after the other link was removed or corrected."),
        fix="report",
        fix_label=_("Copy report"),
        cause=("index",),
        weight=60,
    ),
    Reason(
        code="mark_refused",
        title=_("The Odoo ID is taken in Shopify"),
        message=_(
            "The Odoo ID %(value)s could not be written to %(record)s: Shopify says "
            "that it belongs to %(other)s."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=60,
    ),
    Reason(
        code="mark_overwritten",
        title=_("The Odoo ID in Shopify was changed"),
        message=_(
            "The Odoo ID that we wrote to %(record)s reads %(found)s instead of "
            "%(value)s. Something outside this connector changed it."
        ),
        nature="conflict",
        retry_safe=False,
        retry_text=NOTHING_CHANGED,
        fix="compare",
        fix_label=_("Compare both sides"),
        owner_role="manager",
        weight=55,
    ),
    Reason(
        code="mark_definition_altered",
        title=_("The protected ID field in Shopify was altered"),
        headline=_("The ID field of %(owner_type)s in Shopify was altered"),
        message=_(
            "The field that holds Odoo IDs on %(owner_type)s in Shopify no longer has "
            "the type or protection it needs: %(problem)s."
        ),
        nature="configuration",
        retry_safe=True,
        retry_text=_("Safe after repairing the field."),
        fix="open_settings",
        fix_label=_("Repair"),
        owner_role="manager",
        cause=("owner_type",),
        weight=60,
        store_wide=True,
    ),
    Reason(
        code="to_accept",
        title=_("To be accepted"),
        message=_(
            "%(record)s is ready: %(summary)s. This flow is in review, so a person "
            "accepts it first. Nothing was written yet."
        ),
        nature="data",
        retry_safe=True,
        retry_text=_("Safe: accepting does what is described, once."),
        fix="accept",
        fix_label=_("Accept"),
        weight=10,
    ),
)
