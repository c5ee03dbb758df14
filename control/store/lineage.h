/* Random texts that tell registries and servers apart. */
#pragma once

/* 16 hexadecimal digits into `out`, which has room for 20. */
void lineage_make(char *out);
