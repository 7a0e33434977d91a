// PostgreSQL behind db::Store.
#pragma once

#include "postrider/db/store.h"

namespace postrider::db {

std::unique_ptr<Store> open_postgres(Executor executor, Settings settings);

}  // namespace postrider::db
