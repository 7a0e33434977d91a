// SQLite behind db::Store.
#pragma once

#include "postrider/db/store.h"

namespace postrider::db {

std::unique_ptr<Store> open_sqlite(Executor executor, Settings settings);

}  // namespace postrider::db
