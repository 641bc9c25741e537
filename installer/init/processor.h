/* SPDX-License-Identifier: MIT */
/*
 * processor — whether the processor itself says that a hypervisor runs below the kernel.
 *
 * The only code that is written for one architecture. On x86 the hypervisor bit of CPUID leaf 1 says so
 * (Intel SDM 2A, CPUID; AMD APM 3, E.3.2). On arm64 no register does: a hypervisor answers calls by the SMC
 * Calling Convention, which only a kernel can make.
 *
 * Tested by: tests/unit/test_machine.c, tests/build/aarch64.sh.
 */
#pragma once

enum processor_answer {
	PROCESSOR_SILENT, /* the processors of this architecture do not say */
	PROCESSOR_BARE,
	PROCESSOR_VIRTUAL,
};

enum processor_answer processor_hypervisor(void);
