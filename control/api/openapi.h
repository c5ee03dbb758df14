/* Parts of the description (OpenAPI 3.1); openapi.c puts them together. */
#pragma once

#include <jansson.h>

#include "control/api/route.h"
#include "control/registry/object.h"

/* The kind of object that a path is about; false: it is about something else. */
bool openapi_kind_of(const struct route *r, enum registry_kind *out);
/* Whether it is the registry's: objects, changes, imports. */
bool openapi_is_registry(const struct route *r);
/* Whether its answers have an ETag. */
bool openapi_is_tagged(const struct route *r);
/* Parameters of an operation: of its path, its query, and its headers. */
json_t *openapi_parameters(const struct route *r);
/* Its answers: each status that can come, with what comes with it. */
json_t *openapi_responses(const struct route *r);
/* What operations share of answers and headers. */
json_t *openapi_shared_responses(void);
json_t *openapi_shared_headers(void);
/* A body or an answer: of a form, or bytes of a media type. */
json_t *openapi_content(const char *form);
