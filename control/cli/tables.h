/* The human tables, one function for each kind of row.  `columns` of the terminal; 0: there is
 * none, and everything is shown at its usual width. */
#pragma once

#include "control/cli/show.h"

void table_status(FILE *out, const json_t *row);
void table_neighbors_title(FILE *out, int columns);
void table_neighbors_row(FILE *out, const json_t *row, int columns);
void table_neighbor(FILE *out, const json_t *row);
void table_routes_title(FILE *out, int columns);
void table_routes_row(FILE *out, const json_t *row, bool is_detailed, int columns);
void table_explain_title(FILE *out, const json_t *head);
void table_explain_row(FILE *out, const json_t *row);
void table_irr_title(FILE *out, int columns);
void table_irr_row(FILE *out, const json_t *row, int columns);
/* A source, or a VRP that covers the prefix asked for; and what comes after all of them. */
void table_rpki_row(FILE *out, const json_t *head, const json_t *row, bool is_first, int columns);
void table_rpki_end(FILE *out, const json_t *head);
void table_events_row(FILE *out, const json_t *row, int columns);
/* A document of the registry's; and what a problem says beside its text. */
void table_registry_row(FILE *out, const json_t *head, const json_t *row, int columns);
/* `registry`: of the server's status; NULL: there is none. */
void table_registry_status(FILE *out, const json_t *registry);
void table_registry_problem(FILE *out, const json_t *problem);
void table_reload_row(FILE *out, const json_t *row);
