// SPDX-License-Identifier: LGPL-2.1-or-later
/// fi.w1.wpa_supplicant1 as NetworkManager uses it: MACsec is done here, everything else is handed on.
///
/// NetworkManager asks for an interface on the parent of its macsec device, gives it one network and selects that. Each
/// request gets an object of its own, so that two devices on one parent do not displace each other.
#pragma once

#include "plugin/networkmanager/front/memory.hpp"
#include "plugin/networkmanager/front/proxy.hpp"
#include "plugin/networkmanager/profiles/authentication.hpp"
#include "plugin/networkmanager/profiles/runs.hpp"

namespace macsec::nm {

/// Answers a call with an error of that name.
inline int refuse(sd_bus_message* message, const char* name, const std::string& text) {
  return sd_bus_reply_method_errorf(message, name, "%s", text.c_str());
}

struct SupplicantOptions {
  /// From SelectNetwork to "completed" where no peer is heard; NetworkManager gives up after 25 s.
  std::chrono::microseconds patience = std::chrono::seconds{20};
  /// How long NetworkManager may take to tell of a connection that is being activated.
  std::chrono::microseconds lookup = std::chrono::seconds{1};
  /// How long a network that NetworkManager released runs on while NetworkManager does, too.
  std::chrono::microseconds departure = std::chrono::seconds{5};
  /// Where the kernel's devices are asked for.
  std::function<Result<std::vector<LinkFacts>>()> devices = macsec_devices;
  std::function<unsigned(const std::string&)> index = interface_index;
  /// How certificates and keys are read.
  std::function<Result<std::optional<WipedText>>(const std::string& path)> material = read_material;
  /// Something save() tells is another now.
  std::function<void()> dirty = [] {};
};

/// Of what save() writes.
enum class Layout : std::uint64_t {
  keys = 2,            ///< what version 0.1.0 reads and writes
  authentication = 3,  ///< with 802.1X and its blobs
};

class Supplicant {
 public:
  /// All references outlive this. `runs` tells of changes through changed().
  Supplicant(sd_event* event, sd_bus* bus, Runs& runs, Proxy& proxy, Connections& connections,
             SupplicantOptions options);
  Supplicant(const Supplicant&) = delete;
  Supplicant& operator=(const Supplicant&) = delete;

  /// Claims the name. `lost` is called when another program has it.
  [[nodiscard]] Result<void> start(std::function<void(const std::string&)> lost);

  /// The progress of a device may be another.
  void changed(const std::string& device);
  /// An interface went away; 0: any may be gone.
  void device_gone(unsigned ifindex);

  /// The oldest that holds all there is: a version before this one continues what it knows, too.
  [[nodiscard]] Layout layout() const;
  /// All that NetworkManager knows of, with its keys.
  void save(Record& record, Layout layout) const;
  /// Goes on where another process was; before start().
  void restore(RecordReader& reader, Layout layout);

 private:
  /// An object at own_prefix.
  struct Link {
    Link(Supplicant& supplicant, unsigned number);
    std::string path;
    std::string parent;
    unsigned parent_index = 0;
    std::string owner;  ///< unique name of who asked for it
    std::string state = "inactive";
    std::map<std::string, Network> networks;  ///< by path
    unsigned next_network = 0;
    std::map<std::string, WipedText> blobs;
    // Of the selected network:
    std::string selected;  ///< its path; empty: none
    std::string device;    ///< runs on it; empty: not yet
    std::optional<Connection> connection;
    Activation activation = Activation::automatic;
    bool patient = true;            ///< false: long enough has been waited
    bus::MessagePointer selecting;  ///< SelectNetwork while it is not answered
    unsigned lookups = 0;           ///< how often NetworkManager's connection was not there
    Timer lookup;
    Timer patience;
  };

  /// NetworkManager released a device. While it goes on running it is done with it, unless it takes it up again at once.
  struct Departure {
    Departure(std::string who, std::function<void()> over) : owner{std::move(who)}, timer{std::move(over)} {}
    std::string owner;
    Timer timer;
  };

  int on_call(sd_bus_message* message);
  void on_name(sd_bus_message* answer);
  void on_departure(sd_bus_message* signal);
  void on_names(sd_bus_message* answer);
  int call(sd_bus_message* message);
  int call_manager(sd_bus_message* message, std::string_view interface, std::string_view member);
  int call_link(Link& link, sd_bus_message* message, std::string_view interface, std::string_view member);
  int call_properties(Link& link, sd_bus_message* message, std::string_view member);

  int create_interface(sd_bus_message* message);
  int get_interface(sd_bus_message* message);
  int remove_interface(sd_bus_message* message);
  int manager_properties(sd_bus_message* message);
  int add_network(Link& link, sd_bus_message* message);
  int select_network(Link& link, sd_bus_message* message);
  int remove_network(Link& link, sd_bus_message* message);
  int disconnect(Link& link, sd_bus_message* message);
  int add_blob(Link& link, sd_bus_message* message);
  int remove_blob(Link& link, sd_bus_message* message);

  void look_up(Link& link);
  void resume(Link& link);
  void run(Link& link, const LinkFacts& device, std::optional<Connection> connection);
  void answer_selection(Link& link, const std::optional<std::string>& error);
  void evaluate(Link& link);
  void release(Link& link);
  void set_state(Link& link, const std::string& state);
  void remove(const std::string& path, bool tell);
  /// Ends what a program had that is no longer on the bus.
  void leave(const std::string& program);
  [[nodiscard]] Result<LinkFacts> find_device(const Link& link) const;
  int hand_on(sd_bus_message* message);

  sd_event* event_;
  sd_bus* bus_;
  Runs& runs_;
  Proxy& proxy_;
  Connections& connections_;
  SupplicantOptions options_;
  std::function<void(const std::string&)> lost_;
  unsigned next_link_ = 0;
  std::map<std::string, std::unique_ptr<Link>> links_;            ///< by path
  std::map<std::string, std::unique_ptr<Departure>> departures_;  ///< by device
  std::vector<bus::SlotPointer> slots_;
};

}  // namespace macsec::nm
