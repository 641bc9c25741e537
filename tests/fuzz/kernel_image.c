/* SPDX-License-Identifier: MIT */
/* Any bytes as the kernel of each architecture. */
#include "verify/kernel_image.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	const struct architecture *row;

	for (size_t i = 0; (row = architecture_at(i)); i++) {
		struct error err = FUZZ_NO_ERROR;

		if (kernel_image_check("/boot/kernel", data, size_bytes, row, &err) < 0)
			promised(fuzz_error_is_set(&err) && err.code == EXIT_VERIFY);
	}
	return 0;
}
