// Segments over a million contacts: recalculation beside the same question in hand-written SQL, on a PostgreSQL that already holds the
// contacts and events (postrider's schema, one tenant, time standing at --now). Prints milliseconds and ratios; changes the data a little.
//
//   segments_bench DATABASE NOW     e.g. postgresql://postrider@/bench?host=/tmp/pg 2026-01-01T00:00:00Z
#include "postrider/base/random.h"
#include "postrider/identity/identity.h"
#include "postrider/segments/segments.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <iostream>

using namespace postrider;

namespace {

char const* const narrow = R"({"and":[{"type":"attribute","field":"industry","operator":"equals","value":"SaaS"},{"type":"attribute","field":"country","operator":"in","value":["IT","DE","FR","ES"]},
  {"type":"event","event":"email_opened","within":"30d","count":{"at_least":2}},{"not":{"type":"consent","channel":"email","consent_type":"marketing","status":"denied"}}]})";
char const* const broad = R"({"and":[{"or":[{"type":"attribute","field":"score","operator":"greater_than","value":20},{"type":"attribute","field":"plan","operator":"equals","value":"enterprise"}]},
  {"type":"event","event":"email_opened","within":"90d"},{"not":{"type":"consent","channel":"email","consent_type":"marketing","status":"denied"}}]})";

std::string const head = "select $1::uuid, '00000000-0000-4000-8000-000000000001'::uuid, c.id, $2::timestamptz from contacts c where c.tenant_id = $1 and ";
std::string const unsubscribed = " and not exists (select 1 from consent_records r where r.tenant_id = $1 and r.contact_id = c.id and r.channel = 'email' and r.consent_type = 'marketing' and r.status = 'denied')";
std::string const narrow_by_hand = head + "c.attributes ->> 'industry' = 'SaaS' and c.attributes ->> 'country' in ('IT','DE','FR','ES') and c.id in (select contact_id from marketing_events "
                                          "where tenant_id = $1 and event_type = 'email_opened' and created_at > $2::timestamptz - interval '30 days' group by contact_id having count(*) >= 2)" + unsubscribed;
std::string const broad_by_hand = head + "((c.attributes ->> 'score')::int > 20 or c.attributes ->> 'plan' = 'enterprise') and c.id in (select contact_id from marketing_events "
                                         "where tenant_id = $1 and event_type = 'email_opened' and created_at > $2::timestamptz - interval '90 days')" + unsubscribed;

double since(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count(); }

// Stands still for what is asked, goes on for what is measured.
class BenchClock : public FixedClock {
 public:
  using FixedClock::FixedClock;
  std::chrono::steady_clock::time_point steady() const override { return std::chrono::steady_clock::now(); }
};

class Bench {
 public:
  Bench(db::Store& store, Instant now) : store_(store), clock_(now), random_(1), ids_(wall_, random_), all_(store, clock_, ids_) { context_.tenant = identity::default_tenant(); }

  Task<void> run() {
    co_await plain("create table if not exists like_memberships (like segment_memberships including all)");
    co_await question("narrow", narrow, narrow_by_hand);
    co_await question("broad", broad, broad_by_hand);
  }

 private:
  Task<db::Rows> plain(std::string sql, db::Parameters parameters = {}) {
    db::Statement const statement{"bench", "plain", db::Tag::utility, sql, sql, true};
    co_return co_await store_.run_on(db::Lane::background, statement, std::move(parameters));
  }

  Task<void> question(std::string name, std::string conditions, std::string by_hand) {
    auto const parsed = boost::json::parse(conditions);
    std::vector<double> hand, ours;
    for (int round = 0; round < 3; ++round) {
      co_await plain("truncate like_memberships");
      db::Parameters parameters;
      parameters.emplace_back(context_.tenant);
      parameters.emplace_back(clock_.now());
      auto start = std::chrono::steady_clock::now();
      auto const found = co_await plain("with inserted as (insert into like_memberships " + by_hand + " returning 1) select count(*) from inserted", parameters);
      hand.push_back(since(start));
      auto const made = co_await all_.create(context_, name + std::to_string(round) + ids_.next().str(), "", true, parsed);
      start = std::chrono::steady_clock::now();
      auto const first = co_await all_.recalculate(context_.tenant, made->id);
      ours.push_back(since(start));
      std::cout << name << ": by hand " << hand.back() << " ms for " << found[0].integer(0) << ", first run " << ours.back() << " ms for " << first->member_count << "\n";
      if (round < 2) continue;
      // One in a hundred changes, some of them so that it matters.
      co_await plain("update contacts set attributes = attributes || '{\"industry\":\"Retail\",\"score\":1,\"plan\":\"free\"}', updated_at = '" + to_text(clock_.now() + std::chrono::minutes(1)) +
                     "' where get_byte(uuid_send(id), 15) * 256 + get_byte(uuid_send(id), 14) < 655");
      clock_.advance(std::chrono::minutes(5));
      start = std::chrono::steady_clock::now();
      auto const second = co_await all_.recalculate(context_.tenant, made->id);
      auto const changed = since(start);
      auto const growth = co_await all_.history(context_.tenant, made->id, std::nullopt, 1);
      std::cout << name << ": 1 % changed " << changed << " ms (" << (growth[0].whole ? "everybody asked" : "the changed asked") << ", " << growth[0].departed << " left), " << changed / ours.back()
                << " of the first run\n";
      start = std::chrono::steady_clock::now();
      co_await all_.recalculate(context_.tenant, made->id, true);
      std::cout << name << ": everybody asked again " << since(start) << " ms\n";
      start = std::chrono::steady_clock::now();
      auto const preview = co_await all_.preview(context_.tenant, parsed);
      std::cout << name << ": preview " << since(start) << " ms, " << (preview->approximate ? "about " : "") << preview->count << "\n";
      static_cast<void>(second);
    }
    std::ranges::sort(hand);
    std::ranges::sort(ours);
    std::cout << name << ": ratio of medians " << ours[1] / hand[1] << "\n";
  }

  db::Store& store_;
  BenchClock clock_;
  SystemClock wall_;
  SeededRandom random_;
  UuidV7Ids ids_;
  segments::Segments all_;
  Context context_;
};

Task<void> whole(db::Store& store, Instant now) {
  co_await store.start();
  Bench bench(store, now);
  co_await bench.run();
  co_await store.stop();
}

}  // namespace

int main(int count, char** arguments) {
  auto const now = count == 3 ? parse_instant(arguments[2]) : std::nullopt;
  if (!now) {
    std::cerr << "segments_bench DATABASE NOW\n";
    return 2;
  }
  boost::asio::io_context io(1);
  db::Settings settings;
  settings.database = arguments[1];
  auto const store = db::open_store(io.get_executor(), settings);
  run_to_end(io, whole(*store, *now));
  return 0;
}
