/* SPDX-License-Identifier: Apache-2.0 */
/* Marks what the shared library exports; everything else stays hidden. */
#ifndef MLKEM_IKE_EXPORT_H
#define MLKEM_IKE_EXPORT_H

#if defined(__GNUC__)
#define MLKEM_API __attribute__((visibility("default")))
#else
#define MLKEM_API
#endif

#endif
