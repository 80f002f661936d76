/*
 * tasks.c: what there is to do in a migration, who does it, when, what must
 * be true before it is done with, and how it is taken back.  Commands are
 * targets of the runbook, mbx-runbook(7).
 */
#include "schedule/schedule_p.h"

#define LEAD "migration lead"
#define MAIL "mail administrator"
#define NET "network administrator"
#define DESK "service desk"
#define BACK "make rollback, then make reverse"
#define NONE_LOST "mbx-verify ends in 0"

static const struct rule rules[] = {
    /* 1. assessment */
    {"assess", "Agree on windows, blackout days, stakeholders and deciders",
	LEAD, AT_ASSESS, 0, 540, 120, 0, 0, "", "written down", ""},
    {"assess", "List servers, domains and accounts in accounts.tsv", MAIL,
	AT_ASSESS, 0, 540, 240, 0, 0, "",
	"aliases, lists, forwards, rules, signatures and shared mailboxes too",
	""},
    {"assess", "Take stock of every mailbox", MAIL, AT_ASSESS, 30, 780, 240, 0,
	0, "make assess", "no mailbox failed, every folder has a name", ""},
    {"assess", "List clients, protocols and systems that depend on mail", DESK,
	AT_ASSESS, 30, 540, 360, 0, 0, "",
	"directory, relays, archive, backup and anti-spam are among them", ""},
    {"assess", "Define what makes us roll back, and who says so", LEAD,
	AT_ASSESS, 60, 600, 120, 0, 0, "",
	"failed deliveries, data loss, security: each with a number", ""},
    /* 2, 3. architecture, environment */
    {"prepare", "Make the plan: batches, dates, estimates", MAIL, AT_PREPARE, 0,
	540, 120, 0, 0, "make prepare", "every row of the inventory is in it",
	""},
    {"prepare", "Size and install the target, its backup and redundancy", MAIL,
	AT_PREPARE, 0, 660, 480, 0, 0, "", "20-30 % of storage stays free", ""},
    {"prepare", "Open ports 25, 465, 587, 993, 995 and those of webmail", NET,
	AT_PREPARE, 10, 540, 120, 0, 0, "", "reached from inside and outside",
	"close them"},
    {"prepare", "Integrate the directory; create domains, accounts, aliases",
	MAIL, AT_PREPARE, 40, 540, 240, 0, 0, "",
	"each account of accounts.tsv can log in", "remove them"},
    {"prepare", "Install TLS certificates for SMTP, IMAP and webmail", NET,
	AT_PREPARE, 40, 540, 120, 0, 0, "", "chain, names and dates verify",
	""},
    {"prepare", "Prepare DKIM, SPF, DMARC and the filters of the target", NET,
	AT_PREPARE, 60, 540, 180, 0, 0, "",
	"published beside the old ones; MX stays as it is", ""},
    {"prepare", "Back up the source and its configuration", MAIL, AT_PREPARE,
	60, 540, 240, 0, 0, "", "one mailbox was restored from it", ""},
    {"prepare", "Train administrators and service desk; rehearse the switch",
	LEAD, AT_PREPARE, 80, 540, 180, 0, 0, "", "", ""},
    {"prepare", "Announce the migration; steps for clients, and an FAQ", DESK,
	AT_PREPARE, 80, 780, 120, 0, 0, "", "", ""},
    /* 4, 5. test, pilot, all */
    {"test", "Copy {batch}", MAIL, AT_TEST, 0, 0, 0, 0, 0, "make {batch}",
	"no row failed", "delete these accounts at the target"},
    {"test", "Verify {batch}; log in, send, receive with each client", MAIL,
	AT_TESTED, 0, 540, 240, 0, 0, "make validate-{batch}", NONE_LOST, ""},
    {"pilot", "Copy {batch}", MAIL, AT_PILOT, 0, 0, 0, 0, 0, "make {batch}",
	"no row failed", ""},
    {"pilot", "Verify {batch}", MAIL, AT_PILOTED, 0, 540, 180, 0, 0,
	"make validate-{batch}", NONE_LOST, ""},
    {"pilot", "Collect what users of {batch} say", DESK, AT_PILOTED, 1, 540,
	240, 0, 0, "", "what they reported is solved", ""},
    {"pilot", "Approve {batch}", LEAD, AT_PILOTED, 1, 840, 60, 0, 0,
	"touch approve-pilot", "verified, nothing open", "postpone the waves"},
    {"sync", "Copy {batch}", MAIL, AT_BATCH, 0, 0, 0, 0, 0, "make {batch}",
	"no row failed", ""},
    {"sync", "Verify {batch}", MAIL, AT_BATCHED, 0, 540, 120, 0, 0,
	"make validate-{batch}", NONE_LOST, ""},
    {"delta", "Start the hourly delta, by timer or cron", MAIL, AT_COPIED, 0,
	660, 60, 0, 0, "make delta", "the second run is short", "stop it"},
    /* 6. DNS, the switch */
    {"cutover", "Lower the TTL of MX and of the mail hosts to 300 s", NET,
	AT_CUTOVER, -5, 600, 60, 0, 0, "make ttl",
	"every name server answers with it", "raise it again"},
    {"cutover", "Announce the switch and the new settings to all users", DESK,
	AT_CUTOVER, -3, 600, 120, 0, 0, "", "", ""},
    {"cutover", "See that no cache holds the old TTL any more", NET, AT_CUTOVER,
	-1, 600, 30, 0, 0, "make gate",
	"resolvers of large providers answer with 300 s or less", ""},
    {"cutover", "Freeze accounts, aliases and rules at the source", MAIL,
	AT_CUTOVER, -1, 660, 30, 0, 0, "", "", "thaw"},
    {"delta", "Delta", MAIL, AT_CUTOVER, 0, -24 * 60, 60, 60, 23, "make delta",
	"no row failed", ""},
    {"cutover", "Check ports, certificates, log-ins and free space", NET,
	AT_CUTOVER, 0, -4 * 60, 60, 0, 0, "", "", ""},
    {"cutover", "Go or no go", LEAD, AT_CUTOVER, 0, -2 * 60, 30, 0, 0,
	"touch approve-cutover",
	"all batches verified, delta short, backups there", "postpone"},
    {"cutover", "Final delta", MAIL, AT_CUTOVER, 0, -60, 60, 0, 0,
	"make cutover", "no row failed", ""},
    {"cutover", "Switch MX, and secondary MX, to the target", NET, AT_CUTOVER,
	0, 0, 15, 0, 0, "make switch",
	"every name server answers with the new MX", BACK},
    {"cutover", "See resolvers answer with the new MX", NET, AT_CUTOVER, 0, 15,
	15, 0, 0, "", "", BACK},
    {"validate", "Send and receive, in and out and between both", MAIL,
	AT_CUTOVER, 0, 30, 30, 0, 0, "", "each arrives once within 5 min",
	BACK},
    {"validate", "Push client profiles, or instructions", DESK, AT_CUTOVER, 0,
	60, 120, 0, 0, "", "", "push the old ones"},
    {"delta", "Delta: what still reached the old server", MAIL, AT_CUTOVER, 0,
	60, 60, 60, 24, "make delta", "no row failed", ""},
    /* 7. validation */
    {"validate", "Verify all mailboxes", MAIL, AT_CUTOVER, 0, 10 * 60, 240, 0,
	0, "make validate", NONE_LOST, BACK},
    {"validate", "Check calendars, contacts, shared mailboxes and rules", DESK,
	AT_CUTOVER, 0, 11 * 60, 180, 0, 0, "", "", ""},
    {"validate", "Check SPF, DKIM, DMARC and TLS from outside", NET, AT_CUTOVER,
	0, 11 * 60, 60, 0, 0, "", "aligned, and valid", ""},
    {"validate", "Watch queues, bounces, log-ins, load and latency", MAIL,
	AT_CUTOVER, 0, 0, 60, 60, 24, "", "within what was agreed", BACK},
    {"validate", "Watch, every four hours", MAIL, AT_CUTOVER, 0, 24 * 60, 240,
	240, 12, "", "within what was agreed", BACK},
    {"rollback", "Decide: stay, or roll back", LEAD, AT_CUTOVER, 0, 24 * 60, 30,
	48 * 60, 2, "", "the criteria of the assessment", BACK},
    /* 8. cleanup */
    {"cleanup", "Raise the TTLs again", NET, AT_CUTOVER, 7, 540, 60, 0, 0,
	"make restore", "the watch is over", ""},
    {"cleanup", "Collect what users say; solve it", DESK, AT_CUTOVER, 7, 540,
	240, 0, 0, "", "", ""},
    {"cleanup", "Remove legacy MX, SPF and host records", NET, AT_CUTOVER, 14,
	540, 120, 0, 0, "", "no mail reached the old server for 7 days",
	"publish them again"},
    {"cleanup", "Tune filters, quarantine and greylisting", MAIL, AT_CUTOVER,
	14, 660, 240, 0, 0, "", "", ""},
    {"cleanup", "Automate provisioning by the directory", MAIL, AT_CUTOVER, 21,
	540, 480, 0, 0, "", "", ""},
    {"cleanup", "Last copy, snapshot, then decommission the old server", LEAD,
	AT_CUTOVER, 30, 540, 240, 0, 0, "make cleanup",
	"no mail there since the last delta; snapshot kept as policy says",
	"none: from here there is no way back"},
};

const struct rule *
rules_all(size_t *n)
{
	*n = LENGTH(rules);
	return rules;
}
