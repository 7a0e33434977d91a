// Pictures for mails on both databases: kept once, shown to whoever has the address, limited, audited.
#include "postrider/content/images.h"
#include "support/people.h"
#include "support/results.h"

#include <catch2/catch.hpp>

using namespace postrider;
using namespace postrider::content;
using namespace postrider::test;
using namespace std::string_literals;

namespace {
std::string gif(char width) { return "GIF89a"s + width + "\0\x05\0\x80more bytes of any value \0\xff\x80"s; }
}  // namespace

TEST_CASE("images: a picture comes back byte by byte, is kept once a tenant, and goes when it is told to") {
  on_each_store([](TestStore& t) -> Task<void> {
    Images all(*t.store, t.clock, t.ids);
    auto const first = co_await all.add(t.context(), "logo.gif", gif(7));
    REQUIRE(first);
    CHECK(first->picture.width == 7);
    auto const again = co_await all.add(t.context(), "same.gif", gif(7));
    REQUIRE(again);
    CHECK(again->id == first->id);
    CHECK(again->name == "logo.gif");
    REQUIRE(co_await all.add(t.context(), "other.gif", gif(8)));
    auto const shown = co_await all.body(t.tenant, first->id);
    REQUIRE(shown);
    CHECK(shown->bytes == gif(7));
    CHECK(shown->content_type == "image/gif");
    auto const other = co_await other_tenant(t);
    CHECK_FALSE(co_await all.body(other, first->id));
    CHECK((co_await all.list(other, std::nullopt, 10)).empty());
    auto foreign = t.context();
    foreign.tenant = other;
    CHECK((co_await all.remove(foreign, first->id)).error().code == Code::not_found);
    auto const list = co_await all.list(t.tenant, std::nullopt, 10);
    REQUIRE(list.size() == 2);
    CHECK(list[0].name == "other.gif");
    CHECK((co_await all.list(t.tenant, list[0].id, 10)).size() == 1);
    REQUIRE(co_await all.remove(t.context(), first->id));
    CHECK_FALSE(co_await all.body(t.tenant, first->id));
    CHECK((co_await all.remove(t.context(), first->id)).error().code == Code::not_found);
  });
}

TEST_CASE("images: what is no picture, or too large a one, is refused with the reason") {
  on_each_store([](TestStore& t) -> Task<void> {
    Images all(*t.store, t.clock, t.ids);
    CHECK((co_await all.add(t.context(), "x.svg", "<svg/>")).error().code == Code::invalid);
    auto const wide = "GIF89a\xff\xff\x05\0\x80"s;
    CHECK((co_await all.add(t.context(), "wide.gif", wide)).error().code == Code::invalid);
    auto big = gif(7);
    big.resize(largest_image + 1, 'x');
    CHECK((co_await all.add(t.context(), "big.gif", std::move(big))).error().code == Code::too_large);
    CHECK((co_await all.list(t.tenant, std::nullopt, 10)).empty());
  });
}
