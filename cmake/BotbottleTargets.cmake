# One way to declare each kind of target, so that flags, output places and install rules are in one
# place. The build tree has the layout of an installation (bin, libexec/botbottle,
# lib/botbottle/plugins), so that programs find each other the same way in both.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

set(BOTBOTTLE_LIBEXECDIR libexec/botbottle)
set(BOTBOTTLE_PLUGINDIR lib/botbottle/plugins)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

set(BOTBOTTLE_SANITIZE "" CACHE STRING "address,undefined or thread")
add_library(botbottle_flags INTERFACE)
target_compile_options(botbottle_flags INTERFACE
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wnon-virtual-dtor -Wcast-align -Wformat=2
    -Wundef -fstack-protector-strong -fno-strict-aliasing)
target_compile_definitions(botbottle_flags INTERFACE
    BOTBOTTLE_VERSION="${PROJECT_VERSION}" BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE=1)
if(BOTBOTTLE_SANITIZE)
    target_compile_options(botbottle_flags INTERFACE
        -fsanitize=${BOTBOTTLE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(botbottle_flags INTERFACE -fsanitize=${BOTBOTTLE_SANITIZE})
    if(BOTBOTTLE_SANITIZE STREQUAL "thread")
        # GCC says that it does not model the fences in Asio's own code; Asio's locks it does.
        target_compile_options(botbottle_flags INTERFACE -Wno-tsan)
    endif()
else()
    target_compile_definitions(botbottle_flags INTERFACE
        $<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
if(BOTBOTTLE_FUZZ)
    # Coverage in every library that a fuzzer links. GCC is the compiler whose warnings count.
    target_compile_options(botbottle_flags INTERFACE -fsanitize=fuzzer-no-link -Wno-error)
endif()
target_link_options(botbottle_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
# GCC 12 reports these from inside the standard library and Asio's coroutine frames at -O2.
target_compile_options(botbottle_flags INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized -Wno-restrict -Wno-mismatched-new-delete>)

# botbottle_library(name SOURCES ... LINK ...): a static library; headers are included as
# "<folder>/<file>.h" from the root of its side (core/ or sidecars/).
function(botbottle_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    target_link_libraries(${name} PUBLIC ${ARG_LINK} PRIVATE botbottle_flags)
    target_include_directories(${name} PUBLIC ${BOTBOTTLE_SIDE_DIR})
endfunction()

# botbottle_sidecar(name SOURCES ... LINK ...): a program in libexec/botbottle.
function(botbottle_sidecar name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINK} botbottle_flags)
    target_include_directories(${name} PRIVATE ${BOTBOTTLE_SIDE_DIR})
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${BOTBOTTLE_LIBEXECDIR}")
    install(TARGETS ${name} RUNTIME DESTINATION ${BOTBOTTLE_LIBEXECDIR})
endfunction()

# botbottle_plugin(name SOURCES ... LINK ...): a shared library that sees only core/include.
function(botbottle_plugin name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_library(${name} MODULE ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINK} botbottle_flags)
    target_include_directories(${name} PRIVATE "${PROJECT_SOURCE_DIR}/core/include")
    set_target_properties(${name} PROPERTIES PREFIX ""
        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/${BOTBOTTLE_PLUGINDIR}")
    install(TARGETS ${name} LIBRARY DESTINATION ${BOTBOTTLE_PLUGINDIR})
endfunction()

# botbottle_test(name SOURCES ... LINK ...): a GoogleTest program, run by ctest with label "unit".
function(botbottle_test name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINK" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINK} GTest::gtest GTest::gtest_main botbottle_flags)
    set_target_properties(${name} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/tests")
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
endfunction()

set(BOTBOTTLE_FUZZ_SECONDS 20 CACHE STRING "How long each fuzzer runs under ctest")

# botbottle_fuzzer(name SOURCES ... LINK ... CORPUS folder [DICTIONARY file] [OPTIONS ...]): a libFuzzer
# program. ctest (label "fuzz") first runs it over the corpus that is kept in the tree, then goes on
# from there for BOTBOTTLE_FUZZ_SECONDS; what it finds stays in the build tree. A crash, a leak, an input
# that takes 10 s, and 1 GiB of memory are failures. Folders are relative to tests/fuzz.
function(botbottle_fuzzer name)
    cmake_parse_arguments(ARG "" "CORPUS;DICTIONARY" "SOURCES;LINK;OPTIONS" ${ARGN})
    add_executable(${name} EXCLUDE_FROM_ALL ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${ARG_LINK} botbottle_flags)
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz")
    add_dependencies(fuzzers ${name})
    set(found "${CMAKE_BINARY_DIR}/fuzz/${name}.found")
    file(MAKE_DIRECTORY "${found}")
    set(dictionary)
    if(ARG_DICTIONARY)
        set(dictionary "-dict=${CMAKE_CURRENT_SOURCE_DIR}/${ARG_DICTIONARY}")
    endif()
    add_test(NAME ${name} COMMAND ${name} -max_total_time=${BOTBOTTLE_FUZZ_SECONDS} -timeout=10
        -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 "-artifact_prefix=${found}/crash-of-" ${dictionary}
        ${ARG_OPTIONS} "${found}" "${CMAKE_CURRENT_SOURCE_DIR}/${ARG_CORPUS}")
    math(EXPR limit "${BOTBOTTLE_FUZZ_SECONDS} + 120")
    set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()
