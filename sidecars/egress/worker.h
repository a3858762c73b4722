// Worker: one thread, one event loop, and everything that its connections use without a lock.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "control/descriptor.h"
#include "egress/block.h"
#include "egress/rules.h"
#include "egress/scanner_pool.h"
#include "egress/shared.h"
#include "egress/stream.h"
#include "egress/task.h"
#include "egress/upstream.h"

namespace botbottle::egress {

// A connection from the bottle, as its worker sees it.
class Resident : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    virtual void watch() = 0;           // each tick
    virtual void end_if_revoked() = 0;  // the rules changed
    virtual void end_if_idle() = 0;     // no new request is taken

  protected:
    ~Resident() = default;
};

class Worker {
  public:
    // `listener` is this worker's own descriptor of the shared listening socket.
    Worker(Shared& shared, control::Descriptor listener, std::shared_ptr<const Rules> rules);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    ~Worker();

    void start();

    // From other threads.
    void set_rules(std::shared_ptr<const Rules> rules);
    void stop_accepting();
    std::size_t connections() const noexcept {
        return connections_.load(std::memory_order_relaxed);
    }
    // Other workers, to which a new connection may be handed. Set before start().
    void set_peers(std::vector<Worker*> peers) { peers_ = std::move(peers); }

    // On the worker's own thread.
    Executor executor() noexcept { return io_.get_executor(); }
    Shared& shared() noexcept { return shared_; }
    const std::shared_ptr<const Rules>& rules() const noexcept { return rules_; }
    BlockPool& blocks() noexcept { return blocks_; }
    RecordStage& stage() noexcept { return stage_; }
    UpstreamPool& pool() noexcept { return pool_; }
    ScannerPool& scanners() noexcept { return scanners_; }
    // Text that is assembled and handed to a stream without anything in between.
    std::string& scratch() noexcept {
        scratch_.clear();
        return scratch_;
    }
    // Of the last tick: for deadlines.
    Clock::time_point now() const noexcept { return now_; }
    void add(Stream& stream) { streams_.push_back(stream); }

    // Waits for the end of this turn of the event loop, so that what other connections decided in
    // it is written together, then writes the record. False when the file does not take it.
    Task<bool> commit_audit();
    // For lines that nobody waits for.
    void commit_audit_soon();

  private:
    Task<void> accept();
    Task<void> tick();
    void admit(control::Descriptor socket);
    Worker& least_loaded();
    void watch();

    template <typename T>
    using List = boost::intrusive::list<T, boost::intrusive::constant_time_size<false>>;
    using Timer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

    Shared& shared_;
    asio::io_context io_{1};
    BlockPool blocks_;
    ScannerPool scanners_;
    RecordStage stage_;
    std::string scratch_;
    Clock::time_point now_ = Clock::now();
    // Before what holds streams, which leave the list when they end.
    List<Stream> streams_;
    List<Resident> clients_;
    UpstreamPool pool_;
    asio::posix::basic_stream_descriptor<Executor> listener_;
    std::shared_ptr<const Rules> rules_;
    std::vector<Worker*> peers_;
    std::atomic<std::size_t> connections_{0};
    bool audit_commit_posted_ = false;
    std::thread thread_;
};

}  // namespace botbottle::egress
