#include "identity/throttle.h"

#include "postrider/http/address.h"
#include "sql/identity.h"

namespace postrider::identity {

namespace {

constexpr auto window = std::chrono::minutes(15);

Error too_many(std::chrono::seconds left) {
  return Error{.code = Code::paced, .message = "too many attempts; try again later", .retry_after_seconds = static_cast<int>(left.count())};
}

// An address of IPv6 stands for its /64, which is one customer; IPv4 has one address and its /24.
std::string network_of(http::IpAddress address, int host_bits) {
  for (int i = 0; i < host_bits / 8; ++i) address.bytes[static_cast<std::size_t>(15 - i)] = 0;
  return address.str();
}

}  // namespace

std::vector<Throttle::Subject> Throttle::of_login(std::string_view account, std::string_view ip_address) {
  auto const address = http::IpAddress::parse(ip_address);
  bool const v4 = address && address->is_v4();
  auto const near = address ? network_of(*address, v4 ? 0 : 64) : std::string(ip_address);
  auto const wide = address ? network_of(*address, v4 ? 8 : 80) : std::string(ip_address);
  std::vector<Subject> subjects;
  subjects.push_back(Subject{"pair:" + std::string(account) + "|" + near, 5, std::chrono::seconds(30)});
  subjects.push_back(Subject{"user:" + std::string(account), 50, std::chrono::seconds(30)});
  subjects.push_back(Subject{"net:" + near, 30, std::chrono::seconds(300)});
  subjects.push_back(Subject{"wide:" + wide, 120, std::chrono::seconds(300)});
  return subjects;
}

// Counted before it is tried, in one statement that leaves blocked ones alone: a thousand at once are not a thousand guesses.
Task<Result<void>> Throttle::enter() {
  auto const now = clock_.now();
  db::Columns rows(3);
  for (auto const& subject : subjects_) rows.add(subject.name, subject.most, now + subject.block);
  auto const counted = co_await store_.all(sql::identity::count_attempts, now, now - window, rows);
  for (auto const& subject : subjects_) {
    bool free = false;
    for (auto const row : counted) free = free || row.view(0) == subject.name;
    if (!free) co_return too_many(subject.block);
  }
  co_return Result<void>();
}

Task<void> Throttle::forgive() {
  std::vector<std::string> names;
  for (auto const& subject : subjects_) names.push_back(subject.name);
  co_await store_.exec(sql::identity::forget_attempts_of, subjects_.front().name);
  co_await store_.exec(sql::identity::forgive_attempts, db::text_array(names));
}

}  // namespace postrider::identity
