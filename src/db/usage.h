// Which statements have run: test builds append the name of each, once a process, to the file that POSTRIDER_STATEMENT_LOG names, so that
// statements no test reaches can be listed. In other builds this is nothing.
#pragma once

#include "postrider/db/statement.h"

namespace postrider::db {

#ifdef POSTRIDER_WITH_FAIL_POINTS
void note_use(Dialect dialect, Statement const& statement);
#else
inline void note_use(Dialect, Statement const&) {}
#endif

}  // namespace postrider::db
