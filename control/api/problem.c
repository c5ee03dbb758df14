/* The table, from problem.def. */
#include "control/api/problem.h"

static const struct problem_row problems[] = {
#define PROBLEM(status, title, name, reasons, text) {status, title, name, reasons, text},
#include "control/api/problem.def"
#undef PROBLEM
};

const struct problem_row *problem_at(unsigned n)
{
	return n < ARRAY_COUNT(problems) ? &problems[n] : NULL;
}

const char *problem_title(int status)
{
	for (unsigned i = 0; i < ARRAY_COUNT(problems); i++) {
		if (problems[i].status == status) {
			return problems[i].title;
		}
	}
	return "Error";
}
