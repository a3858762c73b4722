// plugin.hpp seen from the host: a real shared library, opened as core opens one.
#include <botbottle/plugin.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <botbottle/plugin.hpp>

#include <memory>
#include <string>
#include <vector>

namespace {

struct RecordingHost {
    std::vector<std::string> lines;
    std::vector<std::string> progress;
    bool cancelled = false;
    botbottle_host abi = {
        sizeof(botbottle_host),
        BOTBOTTLE_ABI_MINOR,
        this,
        [](void* self, std::int32_t, const char* text, std::size_t size) {
            static_cast<RecordingHost*>(self)->lines.emplace_back(text, size);
        },
        [](void* self, const char* text, std::size_t size) {
            static_cast<RecordingHost*>(self)->progress.emplace_back(text, size);
        },
        [](void* self) -> std::int32_t { return static_cast<RecordingHost*>(self)->cancelled; },
        [](void*, const char*) -> const void* { return nullptr; }};
};

struct StringSink {
    std::string text;
    botbottle_sink abi = {sizeof(botbottle_sink), this,
                          [](void* self, const char* bytes, std::size_t size) {
                              static_cast<StringSink*>(self)->text.append(bytes, size);
                          },
                          [](void* self) { static_cast<StringSink*>(self)->text.clear(); }};
};

class PluginHpp : public testing::Test {
  protected:
    void SetUp() override {
        library_.reset(dlopen(BOTBOTTLE_SAMPLE_PLUGIN, RTLD_NOW | RTLD_LOCAL));
        ASSERT_TRUE(library_) << dlerror();
        entry_ = static_cast<const botbottle_plugin_entry*>(
            dlsym(library_.get(), BOTBOTTLE_PLUGIN_SYMBOL));
        ASSERT_NE(entry_, nullptr);
        instance_ = entry_->create(&host_.abi, &sink_.abi);
        ASSERT_NE(instance_, nullptr) << sink_.text;
    }

    void TearDown() override {
        if (instance_ != nullptr) instance_->destroy(instance_);
    }

    botbottle_status provision(std::string_view request) {
        sink_.text.clear();
        const auto* table = static_cast<const botbottle_provider*>(
            instance_->extension(instance_->context, BOTBOTTLE_EXTENSION_PROVIDER));
        return table->provision(instance_->context, request.data(), request.size(), &sink_.abi);
    }

    struct Close {
        void operator()(void* library) const { dlclose(library); }
    };
    std::unique_ptr<void, Close> library_;
    RecordingHost host_;
    StringSink sink_;
    const botbottle_plugin_entry* entry_ = nullptr;
    botbottle_instance* instance_ = nullptr;
};

TEST_F(PluginHpp, ExportsTheEntryOfThisAbi) {
    EXPECT_EQ(entry_->abi_major, BOTBOTTLE_ABI_MAJOR);
    EXPECT_EQ(entry_->struct_size, sizeof(botbottle_plugin_entry));
    EXPECT_STREQ(entry_->describe(), R"({"id": "sample", "kind": "provider"})");
    EXPECT_EQ(instance_->struct_size, sizeof(botbottle_instance));
}

TEST_F(PluginHpp, OffersTheTablesThatItsMembersMake) {
    const auto table = [&](const char* id) { return instance_->extension(instance_->context, id); };
    ASSERT_NE(table(BOTBOTTLE_EXTENSION_PROVIDER), nullptr);
    EXPECT_EQ(
        static_cast<const botbottle_provider*>(table(BOTBOTTLE_EXTENSION_PROVIDER))->struct_size,
        sizeof(botbottle_provider));
    EXPECT_EQ(table(BOTBOTTLE_EXTENSION_PROVIDER_EVENTS), nullptr);
    EXPECT_EQ(table(BOTBOTTLE_EXTENSION_BACKEND), nullptr);
    EXPECT_EQ(table("unknown"), nullptr);
}

TEST_F(PluginHpp, EveryEndOfAnOperationIsADocument) {
    struct {
        const char* request;
        botbottle_status status;
        const char* document;
    } const cases[] = {
        {"a\tb", BOTBOTTLE_OK, R"({"echo": "a\u0009b"})"},
        {"refuse", BOTBOTTLE_INVALID_REQUEST,
         "{\"code\": \"no_such_key\", \"message\": \"no \\\"key\\\"\\u000a\xEF\xBF\xBD\", "
         "\"hint\": \"h\"}"},
        {"standard", BOTBOTTLE_FAILED,
         R"({"code": "internal", "message": "standard", "hint": ""})"},
        {"number", BOTBOTTLE_FAILED,
         R"({"code": "internal", "message": "an unknown exception", "hint": ""})"},
        {"lie", BOTBOTTLE_FAILED, R"({"code": "fine", "message": "not fine", "hint": ""})"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.request);
        EXPECT_EQ(provision(row.request), row.status);
        EXPECT_EQ(sink_.text, row.document);
    }
}

TEST_F(PluginHpp, CancelsOnlyWhenTheHostSaysSo) {
    EXPECT_EQ(provision("cancel"), BOTBOTTLE_OK);
    host_.cancelled = true;
    EXPECT_EQ(provision("cancel"), BOTBOTTLE_CANCELLED);
    EXPECT_NE(sink_.text.find("\"cancelled\""), std::string::npos);
}

TEST_F(PluginHpp, ReportsProgressAndLife) {
    EXPECT_EQ(provision("x"), BOTBOTTLE_OK);
    ASSERT_EQ(host_.progress.size(), 1u);
    EXPECT_EQ(host_.progress[0],
              R"({"phase": "pro\"vision", "message": "half", "done": 1, "total": 2})");
    instance_->destroy(std::exchange(instance_, nullptr));
    EXPECT_EQ(host_.lines, (std::vector<std::string>{"created", "destroyed"}));
}

TEST_F(PluginHpp, RefusesAHostThatOffersLess) {
    host_.abi.struct_size = sizeof(botbottle_host) - 1;
    EXPECT_EQ(entry_->create(&host_.abi, &sink_.abi), nullptr);
    EXPECT_NE(sink_.text.find("host_too_old"), std::string::npos);
}

TEST(JsonString, IsAlwaysValidUtf8) {
    struct {
        std::string_view text;
        std::string_view quoted;
    } const cases[] = {
        {"", "\"\""},
        {"a\\b\"", R"("a\\b\"")"},
        {std::string_view("\0\x1f\x7f", 3), R"("\u0000\u001f\u007f")"},
        {"z\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\xBE", "\"z\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\xBE\""},
        {"\xC0\xAF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                  // overlong
        {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // a surrogate
        {"\xF4\x90\x80\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xE2\x82", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},  // cut short
    };
    for (const auto& row : cases) {
        EXPECT_EQ(botbottle::plugin::json_string(row.text), row.quoted);
    }
}

}  // namespace
