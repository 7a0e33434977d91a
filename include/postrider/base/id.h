// Identifiers: UUIDs of version 7 (RFC 9562), time-ordered, typed by what they name so that a contact's id cannot be
// handed over where a tenant's is asked for. Text form is the canonical lower-case one.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace postrider {

class Clock;
class Random;

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(Uuid const&) const = default;
  bool is_nil() const { return *this == Uuid{}; }
  std::string str() const;
  static std::optional<Uuid> parse(std::string_view text);
};

template <class Tag>
class Id {
 public:
  Id() = default;
  explicit Id(Uuid uuid) : uuid_(uuid) {}
  static std::optional<Id> parse(std::string_view text) {
    auto uuid = Uuid::parse(text);
    if (!uuid) return std::nullopt;
    return Id(*uuid);
  }
  std::string str() const { return uuid_.str(); }
  Uuid uuid() const { return uuid_; }
  bool is_nil() const { return uuid_.is_nil(); }
  auto operator<=>(Id const&) const = default;

 private:
  Uuid uuid_;
};

using TenantId = Id<struct TenantTag>;
using UserId = Id<struct UserTag>;
using ApiKeyId = Id<struct ApiKeyTag>;
using ContactId = Id<struct ContactTag>;
using LeadId = Id<struct LeadTag>;
using ImportId = Id<struct ImportTag>;
using SegmentId = Id<struct SegmentTag>;
using TemplateId = Id<struct TemplateTag>;
using TemplateVersionId = Id<struct TemplateVersionTag>;
using SenderId = Id<struct SenderTag>;
using ProviderId = Id<struct ProviderTag>;
using CampaignId = Id<struct CampaignTag>;
using LaneId = Id<struct LaneTag>;
using MessageId = Id<struct MessageTag>;
using EventId = Id<struct EventTag>;
using JobId = Id<struct JobTag>;
using SuppressionId = Id<struct SuppressionTag>;
using InstanceId = Id<struct InstanceTag>;

// Makes new ids. Monotonic within a process, also within one microsecond. Tests inject a counting one.
class Ids {
 public:
  virtual ~Ids() = default;
  virtual Uuid next() = 0;
  template <class T>
  T make() {
    return T(next());
  }
};

// UUIDv7 from the given clock and randomness; both must outlive it.
class UuidV7Ids : public Ids {
 public:
  UuidV7Ids(Clock const& clock, Random& random) : clock_(clock), random_(random) {}
  Uuid next() override;

 private:
  Clock const& clock_;
  Random& random_;
  std::uint64_t last_millis_ = 0;
  std::uint32_t sequence_ = 0;
};

// A stable id from a name (SHA-256 over it, marked as UUID version 8): the same name gives the same id on every node.
Uuid uuid_from_name(std::string_view name);

}  // namespace postrider

template <>
struct std::hash<postrider::Uuid> {
  std::size_t operator()(postrider::Uuid const& uuid) const noexcept {
    std::size_t h = 1469598103934665603ULL;
    for (auto b : uuid.bytes) h = (h ^ b) * 1099511628211ULL;
    return h;
  }
};
template <class Tag>
struct std::hash<postrider::Id<Tag>> {
  std::size_t operator()(postrider::Id<Tag> const& id) const noexcept { return std::hash<postrider::Uuid>{}(id.uuid()); }
};
