/* SPDX-License-Identifier: MIT */
#include "print_plan.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"

static void show_json(const struct plan_answer *answer)
{
	AUTO_FREE char *text = plan_json(answer);

	fputs(text, stdout);
}

static void show_disks(const struct plan_answer *answer)
{
	char size[TEXT_SIZE_BYTES];

	printf("Disks:\n");
	for (size_t i = 0; i < answer->disk_count; i++)
		printf("  %-8s %10s  %s\n", answer->disks[i].name,
			text_size(size, answer->disks[i].size_bytes),
			answer->selection->disks[i].reason);
	printf("\n");
}

static void show_text(const struct plan_answer *answer)
{
	if (answer->disk_count && answer->selection->disks[0].reason[0])
		show_disks(answer);
	if (answer->refusal)
		fprintf(stderr, "guest-installer: %s\n", answer->refusal->text);
	else
		plan_print(answer->plan, stdout);
}

void print_plan(const struct plan_answer *answer, bool json)
{
	(json ? show_json : show_text)(answer);
}
