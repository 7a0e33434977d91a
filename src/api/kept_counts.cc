#include "api/kept_counts.h"

#include "sql/kept_counts.h"

#include <boost/json/object.hpp>

#include <chrono>

namespace postrider::api {

namespace {

constexpr std::size_t most_wishes = 1000;

}  // namespace

Task<Result<boost::json::value>> KeptCounts::answer(TenantId tenant, Terms terms, Count count) {
  auto const row = co_await store_.maybe(sql::kept_counts::find, tenant, terms.name);
  auto const age = row ? clock_.now() - row->instant(2) : Duration(0);
  if (!row || row->view(1) != terms.version || age > terms.oldest || terms.anew) co_return co_await recount(tenant, std::move(terms), std::move(count), row.has_value());
  if (age > terms.fresh && wishes_.size() < most_wishes) {
    std::pair key(tenant, terms.name);
    wishes_.try_emplace(std::move(key), Wish{std::move(terms), std::move(count)});
  }
  co_return row->json(0);
}

Task<Result<boost::json::value>> KeptCounts::recount(TenantId tenant, Terms terms, Count count, bool known) {
  auto const now = clock_.now();
  auto const from = std::chrono::steady_clock::now();
  auto result = co_await count();
  if (!result) co_return result;
  bool const dear = std::chrono::steady_clock::now() - from >= dear_;
  if (!dear && !known) co_return result;
  Counted counted{tenant, std::move(terms.name), std::move(terms.version), std::nullopt, now};
  if (dear) counted.body = *result;
  if (counted_.size() < most_wishes) counted_.push_back(std::move(counted));
  co_return result;
}

Task<void> KeptCounts::turn() {
  while (!wishes_.empty()) {
    auto const first = wishes_.begin();
    auto const tenant = first->first.first;
    auto wish = std::move(first->second);
    wishes_.erase(first);
    co_await recount(tenant, std::move(wish.terms), std::move(wish.count), true);
  }
  auto const all = std::exchange(counted_, {});
  for (auto const& one : all) {
    if (one.body) co_await store_.exec(sql::kept_counts::keep, one.tenant, one.name, one.version, *one.body, one.at);
    else co_await store_.exec(sql::kept_counts::forget, one.tenant, one.name);
  }
}

}  // namespace postrider::api
