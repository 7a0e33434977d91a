// Counts that take long: shown as they were, counted again behind the reader's back, and never shown for what has changed its version.
#include "api/kept_counts.h"
#include "support/people.h"
#include "support/results.h"

#include <boost/json/object.hpp>

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::test;
using namespace std::chrono_literals;

namespace {

Task<Result<boost::json::value>> counted(int& times) {
  boost::json::object body;
  body["times"] = ++times;
  boost::json::value value(std::move(body));
  co_return value;
}

Task<std::int64_t> asked(api::KeptCounts& counts, TenantId tenant, std::string version, int& times, bool anew = false) {
  api::KeptCounts::Terms terms;
  terms.name = "people";
  terms.version = std::move(version);
  terms.anew = anew;
  api::KeptCounts::Count const count = [&times] { return counted(times); };
  auto const answer = co_await counts.answer(tenant, std::move(terms), count);
  REQUIRE(answer.has_value());
  co_return answer->at("times").as_int64();
}

}  // namespace

TEST_CASE("kept counts: what is dear to count is shown as it was, and counted again for the next reader") {
  on_each_store([](TestStore& t) -> Task<void> {
    api::KeptCounts counts(*t.store, t.clock, 0ms);
    int times = 0;
    CHECK(co_await asked(counts, t.tenant, "1", times) == 1);
    co_await counts.turn();
    CHECK(co_await asked(counts, t.tenant, "1", times) == 1);
    co_await counts.turn();
    CHECK(times == 1);

    t.clock.advance(2min);
    CHECK(co_await asked(counts, t.tenant, "1", times) == 1);
    CHECK(co_await asked(counts, t.tenant, "1", times) == 1);
    co_await counts.turn();
    CHECK(times == 2);
    CHECK(co_await asked(counts, t.tenant, "1", times) == 2);

    // Another version is another thing; what is a day old is nobody's present.
    CHECK(co_await asked(counts, t.tenant, "2", times) == 3);
    co_await counts.turn();
    t.clock.advance(25h);
    CHECK(co_await asked(counts, t.tenant, "2", times) == 4);
    co_await counts.turn();

    auto const other = co_await other_tenant(t);
    CHECK(co_await asked(counts, other, "2", times) == 5);
    CHECK(co_await asked(counts, other, "2", times, true) == 6);
    // Whoever comes to another instance sees the same.
    api::KeptCounts elsewhere(*t.store, t.clock, 0ms);
    CHECK(co_await asked(elsewhere, t.tenant, "2", times) == 4);
  });
}

TEST_CASE("kept counts: what is counted quickly is never kept") {
  on_each_store([](TestStore& t) -> Task<void> {
    api::KeptCounts counts(*t.store, t.clock, 1h);
    int times = 0;
    CHECK(co_await asked(counts, t.tenant, "1", times) == 1);
    CHECK(co_await asked(counts, t.tenant, "1", times) == 2);
    // Nor is what it was when it was dear.
    api::KeptCounts slow(*t.store, t.clock, 0ms);
    CHECK(co_await asked(slow, t.tenant, "1", times) == 3);
    co_await slow.turn();
    t.clock.advance(2min);
    CHECK(co_await asked(counts, t.tenant, "1", times) == 3);
    co_await counts.turn();
    CHECK(co_await asked(counts, t.tenant, "1", times) == 5);
  });
}
