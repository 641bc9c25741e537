/* SPDX-License-Identifier: MIT */
/* Any bytes as the kernel of a PV domain. */
#include "verify/pv_kernel.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes)
{
	struct error err = FUZZ_NO_ERROR;

	if (pv_kernel_check("/boot/kernel", data, size_bytes, &err) < 0)
		promised(fuzz_error_is_set(&err) && err.code == EXIT_VERIFY);
	return 0;
}
